"""From nothing to a hardened host, for each change: every role on one amd64 host, three of them on an arm64 host.

Both begin as base roots without Python. The arm64 programs run by qemu-user where the machine is not arm64 itself.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

from yiyun.lab.hosts import repository
from yiyun.operations.hosts import access, playbook
from yiyun.operations.hosts.plan import make_plan

pytestmark = pytest.mark.ci

AMD64, ARM64 = "lab-az1-02", "lab-az1-03"
ROLES = {
    AMD64: tuple(entry.role for entry in playbook.entries() if not entry.always),
    # Packages; PAM; a daemon that is reloaded under a guard.
    ARM64: ("base", "lockout", "sshd"),
}
PACKAGES = "dpkg-query --show --showformat '${Package} ${Architecture}\\n' | sort"
both = pytest.mark.parametrize("host", [AMD64, ARM64], ids=["amd64", "arm64"])


@pytest.fixture(scope="module")
def bare(place):
    """Two bare hosts, and the packages that each has."""
    place.yiyun("lab", "hosts", "up", "--hosts", f"{AMD64},{ARM64}", timeout=2400)
    if {place.lab.arch_of(place.site.host(name)) for name in ROLES} != {"amd64", "arm64"}:
        pytest.skip("hosts of both architectures run on amd64 machines only, by qemu-user")
    return place, {name: place.on(name, PACKAGES).splitlines() for name in ROLES}


@pytest.fixture(scope="module")
def adopted(bare):
    """The same hosts after `hosts adopt`, with packages before and after."""
    place, before = bare
    place.yiyun("hosts", "adopt", "--hosts", f"{AMD64},{ARM64}", timeout=900)
    return place, before, {name: place.on(name, PACKAGES).splitlines() for name in ROLES}


@pytest.fixture(scope="module")
def converged(adopted):
    """The same hosts after the first run of their roles."""
    place, _, _ = adopted
    for name, roles in ROLES.items():
        chosen = [word for role in roles for word in ("--role", role)]
        place.yiyun("hosts", "converge", "--hosts", name, *chosen, timeout=2400)
    return place


@both
def test_it_is_what_it_should_be_and_has_no_python(bare, host):
    place, before = bare
    arch = {AMD64: "x86_64", ARM64: "aarch64"}[host]
    assert place.on(host, "uname -m; ls /usr/bin/python3* /usr/bin/sudo 2>/dev/null || true").split() == [arch]
    assert not [line for line in before[host] if line.startswith(("python", "libpython", "sudo "))]


@both
def test_adoption_brings_python_and_nothing_else(adopted, host):
    place, before, after = adopted
    arch = place.lab.arch_of(place.site.host(host))
    brought = {path.name.split("_")[0] for path in repository.python_bundle(arch).iterdir()}
    assert {line.split()[0] for line in after[host]} - {line.split()[0] for line in before[host]} <= brought
    assert place.on(host, "python3 -c 'import sys; print(sys.version_info >= (3, 8))'").strip() == "True"


def test_the_amd64_host_gets_every_role(converged):
    (plan,) = make_plan(converged.site, [AMD64])
    assert tuple(role.role for role in plan.roles) == ROLES[AMD64]


@both
def test_every_promise_is_kept(converged, host):
    chosen = [word for role in ROLES[host] for word in ("--role", role)]
    said = converged.yiyun("hosts", "plan", "--format", "json", "--hosts", host, *chosen).stdout
    planned = json.loads(said)["hosts"][host]
    assert planned["problem"] is None
    assert planned["needed"] == []
    assert tuple(planned["roles"]) == ROLES[host]
    left = [verdict for verdicts in planned["roles"].values() for verdict in verdicts]
    assert {verdict["state"] for verdict in left} <= {"not-proven"}
    (plan,) = make_plan(converged.site, [host], ROLES[host])
    shown = {role.role: sum(verdict.state == "kept" for verdict in role.verdicts) for role in plan.roles}
    assert not [role for role, kept in shown.items() if not kept], shown


@both
def test_a_second_run_changes_nothing(converged, host):
    output = converged.playbook("--limit", host, "--tags", ",".join(ROLES[host]))
    (recap,) = re.findall(r"ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=0", output.split("PLAY RECAP")[-1])
    assert int(recap[0]) > len(ROLES[host])
    assert recap[1] == "0", output[-4000:]


@both
def test_testinfra_sees_the_same(converged, host):
    assert converged.verify(host, *ROLES[host]) > len(ROLES[host])


@both
def test_the_operators_key_opens_the_door_and_nothing_else_does(converged, host):
    site, lab = converged.site, converged.lab

    def ssh(*options: str) -> subprocess.CompletedProcess[str]:
        command = [
            "ssh",
            "-F",
            str(access.config_file(site)),
            "-o",
            "ControlPath=none",
            *options,
            host,
            "sudo -n id -u",
        ]
        ask = {"SSH_ASKPASS": str(lab.directory / "askpass"), "SSH_ASKPASS_REQUIRE": "force"}
        return subprocess.run(
            command, env=converged.env | ask, capture_output=True, text=True, timeout=120, check=False
        )

    good = ssh("-o", "BatchMode=yes")
    assert (good.returncode, good.stdout) == (0, "0\n"), good.stderr
    assert Path(lab.directory / "askpass").exists()  # it gives root's password, which opened the door before
    by_password = ssh("-o", "PubkeyAuthentication=no", "-l", "root")
    assert (by_password.returncode, by_password.stdout) == (255, "")
    assert "Permission denied (publickey)" in by_password.stderr
    assert ssh("-o", "BatchMode=yes", "-l", "root").returncode == 255
