"""The host lab on this machine: it boots, repairs, and leaves nothing behind. Three hosts at most at a time."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from yiyun.errors import UserError
from yiyun.evidence.hosts.capabilities import missing_in_containers
from yiyun.lab.hosts import HostLab, cgroups, machine, network, presentation
from yiyun.lab.hosts import lab as lab_module
from yiyun.paths import CHECKOUT
from yiyun.site import Site, cpu

pytestmark = pytest.mark.ci

COUNTED = (
    *("fs.dentry-state", "fs.file-nr", "fs.inode-nr", "fs.inode-state", "fs.aio-nr", "fs.quota.", "kernel.ns_last_pid"),
    *("kernel.pty.nr", "kernel.random.", "net.netfilter.nf_conntrack_count"),
)
"""Beginnings of the names of what is no setting but a figure of the moment."""
INTEL, HYGON, KUNPENG = "lab-az1-01", "lab-az1-02", "lab-az1-03"


def traces(lab: HostLab) -> dict[str, object]:
    """Everything that a lab may leave on this machine."""
    mark = f"yiyun-{lab.id}"
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    binfmt = Path("/proc/sys/fs/binfmt_misc")
    return {
        "namespaces": sorted(name for name in network.existing() if name.startswith(mark)),
        "mounts": [line for line in mounts if mark in line or str(lab.directory) in line],
        "cgroups": [str(path) for path in cgroups.find(lambda name: name.startswith(mark))],
        "machines": machine.supervisors(lab.id),
        "processes": processes(mark, str(lab.directory)),
        "sysctls": sysctls(),
        "links": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "files": lab.directory.exists(),
        "run": sorted(str(path) for path in Path("/run/systemd/nspawn").glob("**/*") if mark in path.name),
        "binfmt": sorted(path.name for path in binfmt.iterdir()) if binfmt.is_dir() else [],
        "locks": sorted(stale_locks(mounts)),
    }


def processes(mark: str, directory: str) -> dict[str, str]:
    """Commands of all processes that belong to the lab: by their cgroup, or by a command line that names it.

    Without those that have ended and wait for this machine's init to collect their exit status.
    """
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if _text(entry / "stat").rpartition(")")[2].split()[:2] == ["Z", "1"]:
            continue
        groups, command = _text(entry / "cgroup"), _text(entry / "cmdline").replace("\0", " ")
        if mark in groups or mark in command or directory in command:
            found[entry.name] = command
    return found


def sysctls() -> dict[str, str]:
    """Every setting of the machine's kernel: /proc/sys without what the kernel itself counts there."""
    done = subprocess.run(["sysctl", "--all"], capture_output=True, text=True, check=False)
    found = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    assert len(found) > 300
    return {name: value for name, value in found.items() if not name.startswith(COUNTED)}


def stale_locks(mounts: list[str]) -> set[str]:
    """Lock files of systemd-nspawn whose machine's disk is mounted no more, whoever's it was."""
    roots = [Path(line.split()[4]) for line in mounts if line.split()[4].endswith("/root")]
    held = {f"inode-{root.stat().st_dev}:{root.stat().st_ino}" for root in roots if root.exists()}
    return {path.name for path in Path("/run/systemd/nspawn/locks").glob("*")} - held


@pytest.fixture(scope="module")
def before(place):
    return traces(place.lab)


@pytest.fixture(scope="module")
def running(place, before):
    """Two native hosts and the emulated one."""
    place.yiyun("lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON},{KUNPENG}", timeout=1500)
    return place


def test_hosts_run_what_they_should(running):
    states = {status.name: status for status in running.lab.status()}
    assert {name for name, status in states.items() if status.state == "running"} == {INTEL, HYGON, KUNPENG}
    native = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    assert states[INTEL].arch == native
    for name in (INTEL, HYGON, KUNPENG):
        said = running.on(name, "uname -m; systemctl is-system-running; command -v python3 sudo; ip route")
        wanted = {"amd64": "x86_64", "arm64": "aarch64"}[states[name].arch]
        assert said.split("\n", 2)[:2] == [wanted, "running"]
        assert "python3" not in said and "sudo" not in said
        assert "default" not in said
        shown = running.on(name, "cat /proc/cpuinfo")
        assert cpu.identify(shown, running.on(name, "LC_ALL=C lscpu")) == running.site.host(name).cpu_family
    if os.uname().machine == "x86_64":
        assert states[KUNPENG].emulated and states[KUNPENG].arch == "arm64"


def test_status_exits_1_while_a_host_is_missing(running):
    done = running.yiyun("lab", "hosts", "status", code=1)
    assert "stopped" in done.stdout and "running" in done.stdout


def test_what_the_hosts_cannot_show_is_found_out_and_published(running):
    """The probe, the list that the roles go by and the page that people read name the same."""
    found = running.lab.limits()
    lacking = {name for name, limit in found.items() if not limit.shown}
    assert lacking == set(missing_in_containers())
    page = (CHECKOUT / "docs/lab-limits.md").read_text(encoding="utf-8")
    for name in lacking:
        assert f"| `{name}` |" in page
        assert found[name].seen
        assert name in running.yiyun("lab", "hosts", "status", code=1).stdout
    for key in presentation.PRESENTED_SYSCTLS:
        assert key in page


def test_hosts_reach_each_other_and_the_repository_by_name(running):
    running.on(INTEL, f"exec 3<>/dev/tcp/{HYGON}/22; read -r line <&3; case $line in SSH-*) ;; *) exit 1;; esac")
    address = running.lab.network.bridge_address
    text = running.on(
        INTEL,
        f"exec 3<>/dev/tcp/{address}/80; printf 'GET /packages/debian-12/Packages HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3",
    )
    assert "Package: python3\n" in text
    assert "Architecture: amd64" in text
    assert running.lab.repository_url == "http://198.18.0.1/packages/debian-12"


def test_nothing_leads_out(running):
    """Not even to an address of this machine."""
    addresses = json.loads(subprocess.run(["ip", "-j", "-4", "address"], capture_output=True, check=True).stdout)
    own = [a["local"] for link in addresses for a in link["addr_info"] if not a["local"].startswith("127.")]
    for address in [*own, "1.1.1.1"]:
        said = running.on(INTEL, f"(exec 3<>/dev/tcp/{address}/80) 2>&1 || true")
        assert "unreachable" in said, said


def test_up_again_leaves_running_hosts_alone(running):
    pids = machine.supervisors(running.lab.id)
    running.on(INTEL, "touch /root/stays")
    running.yiyun("lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON},{KUNPENG}")
    assert machine.supervisors(running.lab.id) == pids


def test_a_killed_host_is_named_and_repaired_with_its_disk(running):
    os.kill(machine.supervisors(running.lab.id)[INTEL], signal.SIGKILL)
    states = {status.name: status.state for status in running.lab.status()}
    assert states[INTEL] == "killed" and states[HYGON] == "running"
    done = running.yiyun("lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON}")
    assert f"{INTEL}: it was killed" in done.stderr
    assert "1 of them booted now" in done.stderr
    running.on(INTEL, "test -e /root/stays && systemctl is-system-running --wait")


def test_ssh_gives_the_commands_exit_code(running):
    argv = ["lab", "hosts", "ssh", "--site", str(running.directory), HYGON, "--", "exit 7"]
    done = subprocess.run([str(CHECKOUT / "yiyun"), *argv], env=running.env, capture_output=True, check=False)
    assert done.returncode == 7, done.stderr


def test_the_password_of_root_stands_in_no_command_line(running):
    password = running.lab.password_file.read_text(encoding="ascii").strip()
    assert running.lab.password_file.stat().st_mode & 0o077 == 0
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if password in _text(path)]


def test_another_chip_in_the_inventory_boots_the_host_again(running):
    """hosts.yaml is the truth: what a host presents follows it."""
    listed, amd = "{ansible_host: 198.18.0.11,", "{yiyun_cpu_family: amd, ansible_host: 198.18.0.11,"
    for family, old, new in (("amd", listed, amd), ("intel", amd, listed)):
        running.edit("hosts.yaml", old, new)
        assert running.site.host(INTEL).cpu_family == family
        states = {status.name: status for status in running.lab.status()}
        assert "hosts.yaml lists now" in states[INTEL].detail
        assert not states[HYGON].detail
        done = running.yiyun("lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON}")
        assert "1 of them booted now" in done.stderr
        assert cpu.identify(running.on(INTEL, "cat /proc/cpuinfo")) == family


def test_one_host_goes_and_the_others_stay(running):
    running.yiyun("lab", "hosts", "down", "--hosts", KUNPENG)
    states = {status.name: status.state for status in running.lab.status()}
    assert states == {**dict.fromkeys(states, "stopped"), INTEL: "running", HYGON: "running"}


def test_down_leaves_nothing(running, before):
    running.yiyun("lab", "hosts", "down")
    assert traces(running.lab) == before
    running.yiyun("lab", "hosts", "down")


@pytest.mark.parametrize("seconds", [0.7, 1.0, 1.3, 1.7, 2.3])
def test_up_killed_at_any_moment_is_repaired_or_taken_down(place, before, seconds):
    """kill -9 of `up`: once up again and once straight down, from whatever it left."""
    command = [str(CHECKOUT / "yiyun"), "lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON}"]
    command += ["--site", str(place.directory)]
    for repair in (True, False):
        up = subprocess.Popen(command, env=place.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        up.kill()
        up.wait()
        if repair:
            place.yiyun("lab", "hosts", "up", "--hosts", f"{INTEL},{HYGON}")
            assert place.on(HYGON, "systemctl is-system-running --wait").strip() == "running"
        place.yiyun("lab", "hosts", "down")
        assert traces(place.lab) == before


def test_reset_takes_the_hosts_down_too(place, before):
    place.yiyun("lab", "hosts", "up", "--hosts", INTEL)
    place.yiyun("lab", "reset", "--confirm", "lab")
    assert traces(place.lab) == before
    assert not place.site.state_dir.exists()


def test_without_root_it_says_what_would_run(place, monkeypatch):
    monkeypatch.setattr(lab_module.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError, match=r"root is needed.*systemd-nspawn --boot.*down undoes"):
        place.lab.up(print, [INTEL])
    assert machine.supervisors(place.lab.id) == {}


@pytest.mark.parametrize(
    "given", ["addr add 198.18.0.99/24 dev d0", "route add 198.18.0.0/16 dev d0", "route add 198.18.0.7/32 dev d0"]
)
def test_a_range_in_use_is_refused(given):
    """Tried in a network namespace of its own: this machine's addresses are left alone."""
    program = "import sys; from ipaddress import ip_network; from yiyun.lab.hosts.network import refuse_occupied;"
    program += "refuse_occupied(ip_network('198.18.0.0/24'))"
    script = f"ip link add d0 type bridge && ip link set d0 up && ip {given} && exec {CHECKOUT}/.venv/bin/python -c"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", f'{script} "{program}"'], capture_output=True, text=True, check=False
    )
    assert "UserError: 198.18.0.0/24: this machine has" in done.stderr


def test_a_default_route_is_no_obstacle():
    network.refuse_occupied(ip_network("198.18.0.0/24"))


def test_a_host_outside_of_the_management_network_is_refused(place):
    place.edit("hosts.yaml", "ansible_host: 198.18.0.11", "ansible_host: 198.18.99.11")
    try:
        with pytest.raises(UserError, match=r"198\.18\.99\.11"):
            HostLab(Site.load(place.directory)).up(print, [INTEL])
    finally:
        place.edit("hosts.yaml", "ansible_host: 198.18.99.11", "ansible_host: 198.18.0.11")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_a_site_that_is_no_lab_gets_no_hosts(place):
    real = replace(place.site, spec=place.site.spec.model_copy(update={"lab": False}))
    with pytest.raises(UserError, match="is not a lab"):
        HostLab(real).up(print, [INTEL])
    assert machine.supervisors(place.lab.id) == {}
