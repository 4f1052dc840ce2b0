"""Probes that ask systemd: the commands themselves, with a systemctl and a busctl that answer as the real ones do."""

import os
import subprocess

import pytest

from yiyun.evidence.hosts.probes import protection, sshd, units

SYSTEMCTL = """#!/bin/sh
old=OLD
for argument; do case $argument in --timestamp=*) [ "$old" = no ] || exit 1 ;; esac; done
while [ "$1" != -- ]; do shift; done; shift
[ $# -gt 0 ] || { echo Version=252; exit 0; }
for unit; do
  cat "$ANSWERS/$unit" 2>/dev/null || printf 'LoadState=not-found\\nActiveState=inactive\\nUnitFileState=\\nResult=success\\nMainPID=0\\n'
  echo
done
"""
BUSCTL = """#!/bin/sh
shift 7
printf 'a(ssssssouso) %s' $#
for unit; do
  if [ -e "$ANSWERS/$unit" ]; then printf ' "%s" "one, \\\\"telnet.socket\\\\" \\\\"telnet.socket\\\\" \\\\"not-found\\\\"" "loaded" "active"' "$unit"
  else printf ' "%s" "%s" "not-found" "inactive"' "$unit" "$unit"; fi
done
echo
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Runs a command where these units exist; what systemctl prints of each is its content."""

    def run(command, answers, *, old="no", busctl=BUSCTL):
        (tmp_path / "units").mkdir()
        for name, text in answers.items():
            (tmp_path / "units" / name).write_text(text)
        for name, text in (("systemctl", SYSTEMCTL.replace("OLD", old)), ("busctl", busctl)):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ANSWERS": str(tmp_path / "units"), "LC_ALL": "C"}
        done = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env=environment, timeout=60
        )
        return done.stdout

    return run


RUNNING = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nResult=success\nMainPID=7\n"
MASKED = "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\nResult=success\nMainPID=0\n"
THERE = {
    "telnet.socket": RUNNING,
    "abrtd.service": MASKED,
    "rsyslog.service": RUNNING,
    "yiyun-trusted-boot.service": MASKED,
}


@pytest.mark.parametrize("busctl", [BUSCTL, "#!/bin/sh\nexit 1\n", "#!/bin/sh\necho 'a(ss) 1 \"x\"'\n"])
def test_units_are_the_same_whether_or_not_the_missing_ones_are_known(host, busctl):
    found = units.parse(host(units.PROBE.command, THERE, busctl=busctl))["units"]
    assert {name for name, unit in found.items() if unit is not None} == set(THERE)
    assert found["telnet.socket"]["active"]
    assert found["telnet.socket"]["pid"] == 7
    assert found["abrtd.service"]["masked"]


@pytest.mark.parametrize("there", [dict.fromkeys(units.NAMES, RUNNING), {}])
def test_all_units_or_none(host, there):
    text = host(units.PROBE.command, there)
    if there:
        assert all(units.parse(text)["units"].values())
    else:  # systemctl without a unit speaks of itself; every host has a journal
        with pytest.raises(units.Unreadable):
            units.parse(text)


TIMER = "ActiveState=active\nLastTriggerUSec=@1795831022\nResult=success\n"


@pytest.mark.parametrize("old", ["no", "yes"])
def test_runs_of_timers(host, old):
    """An old systemctl has no --timestamp: what it says of the time is then not understood, as before."""
    seen = TIMER if old == "no" else TIMER.replace("@1795831022", "Sat 2026-11-28 04:37:02 UTC")
    answers = {
        "yiyun-malware-scan.timer": seen,
        "yiyun-malware-scan.service": "ActiveState=failed\nResult=exit-code\n",
        "aidecheck.timer": "ActiveState=active\nLastTriggerUSec=\nResult=success\n",
    }
    runs = protection.parse(host(protection.PROBE.command, answers, old=old))["runs"]
    assert set(runs) == set(protection.RUNS)
    assert runs["yiyun-malware-scan"] == {"active": True, "ran": old == "no", "ended_well": False}
    assert runs["aidecheck"] == {"active": True, "ran": False, "ended_well": True}
    assert not runs["dailyaidecheck"]["active"]


@pytest.mark.parametrize("unit", ["ssh.service", "sshd.service"])
def test_the_sshd_that_runs_is_asked(host, unit):
    stopped = "MainPID=0\nStateChangeTimestampMonotonic=1\n"
    answers = {"ssh.service": stopped, "sshd.service": stopped}
    answers[unit] = f"MainPID={os.getpid()}\nStateChangeTimestampMonotonic=123456\n"
    text = host(sshd.PROBE.command, answers)
    line = next(line for line in text.splitlines() if line.startswith("now "))
    assert line.endswith(" 123456")


def test_no_sshd_is_no_answer(host):
    assert host(sshd.PROBE.command, {}) == ""
