"""The files of tests/effective given to real programs, and those asked by the collector's own commands.

Each case runs in user, mount, network and process namespaces over the bare Debian of the host lab: nothing of this
machine's can be changed, /proc/sys is read-only but for the network's part. Programs that the bare root lacks come from
the Debian packages of the lab. Of PAM the real libpam is asked (test_effective_libpam.py).
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from effective.case import Side, verdicts
from effective.every import CASES, name

from yiyun.compliance.model import State
from yiyun.evidence.hosts import probes
from yiyun.lab.hosts import roots, tools

REAL = [case for case in CASES if case.programs]
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
PACKAGES = ("nftables", "sudo")
ENTER = r"""
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t proc proc mnt
mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
mount --bind mnt/sys/net proc/sys/net
mount -t tmpfs tmpfs dev && for each in null zero urandom; do : > dev/$each; mount --bind /dev/$each dev/$each; done
mkdir dev/shm
if [ -d "$2/run" ]; then mount --bind "$2/run" run; else mount -t tmpfs tmpfs run; fi
ip link set lo up
ip link add host0 type bridge
exec chroot . /bin/sh -c "PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH LC_ALL=C; $3"
"""
START = {
    "bash": ":",
    "cvtsudoers": "chmod 440 /etc/sudoers; chmod 750 /etc/sudoers.d; chmod 440 /etc/sudoers.d/*",
    "modprobe": ":",
    "mount": ":",
    "nft": ":",
    "sshd": """
mkdir -p /run/sshd && rm -f /etc/ssh/sshd_config.d/00-delivered.conf && ssh-keygen -A >/dev/null
SSHD_OPTS=; [ ! -e /etc/default/ssh ] || . /etc/default/ssh
/usr/sbin/sshd -D $SSHD_OPTS & running=$!
for turn in 1 2 3 4 5 6 7 8 9 10; do [ -e /run/sshd.pid ] && break; sleep 0.2; done
[ -e /run/sshd.pid ] || exit 9
""",
    "sysctl": "sysctl --system >/dev/null 2>&1 || true",
}
PROBE = {
    "bash": "shell",
    "cvtsudoers": "sudo",
    "modprobe": "modules",
    "mount": "mounts",
    "nft": "firewall",
    "sshd": "sshd",
    "sysctl": "sysctls",
}
# What only the systemd of a booted host says: which process is its sshd, and when it was started.
SYSTEMD = {
    "$(systemctl show --property=MainPID,StateChangeTimestampMonotonic -- ssh.service sshd.service)": (
        "$(printf 'MainPID=%s\\nStateChangeTimestampMonotonic=%s0000\\n' \"$running\""
        " \"$(cut -d ' ' -f 1 /proc/uptime | tr -d .)\")"
    ),
}


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    """Directories of which a root is made, upper first."""
    if not roots.path(ARCH).is_dir() and os.geteuid() != 0:
        pytest.skip("the host lab's Debian root is not there, and only root can make it")
    if subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make user namespaces: run the tests as root, or allow them")
    base = roots.ensure(ARCH, print)
    added = tmp_path_factory.mktemp("packages")
    for package in tools.apt().download(PACKAGES, base / "var/lib/dpkg/status", ARCH):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(added)], check=True)
    shutil.rmtree(added / "etc", ignore_errors=True)  # what the packages deliver there is not part of a case
    for each in ("bin", "lib", "sbin"):  # links into /usr in the root
        if (added / each).is_dir():
            shutil.copytree(added / each, added / "usr" / each, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(added / each)
    return f"{added}:{base}"


NAMESPACES = ["unshare", "--map-root-user", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"]


def asked(layers: str, home: Path, side: Side, programs: str) -> str:
    """What the collector's command prints where these files are and the program runs."""
    for each in ("upper", "work", "root", "run"):
        (home / each).mkdir()
    for path, text in side.files.items():
        target = home / path[1:] if path.startswith("/run/") else home / "upper" / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            target.write_text(text)
    command = probes.load()[PROBE[programs]].command
    for wanted, answer in SYSTEMD.items() if programs == "sshd" else ():
        assert wanted in command
        command = command.replace(wanted, answer)
    script = f"{START[programs]}\n{side.then or ':'} >/dev/null || exit 8\n{command}"
    done = subprocess.run(
        [*NAMESPACES, "sh", "-c", ENTER, "sh", layers, str(home), script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("direction", ["looks_right", "looks_wrong"])
@pytest.mark.parametrize("case", REAL, ids=name)
def test_the_verdict_follows_what_the_program_makes_of_the_files(layers, tmp_path, case, direction):
    side = getattr(case, direction)
    text = asked(layers, tmp_path, side, case.programs)
    shown = text.split("\n")
    for line in side.shows:
        assert line in shown, text
    found = verdicts(case.rule, {PROBE[case.programs]: text})
    if direction == "looks_right":
        failed = [each.message for each in found if each.state is State.FAIL]
        assert any(case.finding in message for message in failed), [(each.state, each.message) for each in found]
    else:
        assert [each.state for each in found] == [State.PASS], [each.message for each in found]


def test_most_settings_are_shown_by_real_programs():
    assert len(REAL) >= 30
    assert {case.programs for case in REAL} == {*START}
