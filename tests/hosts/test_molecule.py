"""`molecule test` of every role that has a scenario: on a fresh amd64 host each, and all on one arm64 host."""

import os
import re
import subprocess
import tempfile

import pytest
from conftest import BIN

from yiyun.operations.hosts import access, playbook
from yiyun.paths import CHECKOUT

FRESH = ("lab-az1-02", "lab-az2-02", "lab-az2-03", "lab-az3-02", "lab-az3-03")
"""Hosts of every group whose programs are the machine's own."""
ARM64 = "lab-az1-03"
ROLES = [
    entry.role
    for entry in playbook.entries()
    if (CHECKOUT / "roles" / entry.role / "molecule/default/molecule.yml").exists()
]


class Hosts:
    """Fresh adopted hosts, made five at a time."""

    def __init__(self, place) -> None:
        self.place, self.fresh = place, []

    def take(self) -> str:
        if not self.fresh:
            names = ",".join(FRESH)
            self.place.yiyun("lab", "hosts", "down", "--hosts", names)
            self.place.yiyun("lab", "hosts", "up", "--hosts", names, timeout=1800)
            self.place.yiyun("hosts", "adopt", "--hosts", names, timeout=900)
            self.fresh = list(FRESH)
        return self.fresh.pop()


@pytest.fixture(scope="module")
def hosts(place):
    if place.lab.arch_of(place.site.host(FRESH[0])) != "amd64":
        pytest.skip("amd64 hosts run on amd64 machines only")
    return Hosts(place)


@pytest.fixture(scope="module")
def arm64(place):
    place.yiyun("lab", "hosts", "up", "--hosts", ARM64, timeout=2400)
    place.yiyun("hosts", "adopt", "--hosts", ARM64, timeout=900)
    return ARM64


def molecule(place, role: str, host: str, timeout: float) -> None:
    """Run `molecule test` of a role on a host: it applies the role, applies it again, and looks at its promises."""
    with tempfile.TemporaryDirectory(prefix="yiyun-molecule-") as scratch:
        environment = place.env | access.environment(place.site)
        environment |= {
            "YIYUN_SITE": str(place.directory),
            "MOLECULE_HOST": host,
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        environment |= {"MOLECULE_EPHEMERAL_DIRECTORY": scratch, "NO_COLOR": "1"}
        done = subprocess.run(
            [str(BIN / "molecule"), "test"],
            cwd=CHECKOUT / "roles" / role,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-8000:]
    recaps = re.findall(rf"^{host}\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=0", output, re.MULTILINE)
    assert len(recaps) == 2, output[-8000:]
    assert recaps[1][1] == "0"
    assert re.search(r"^\d+ passed in ", output, re.MULTILINE), output[-3000:]
    assert place.on(host, "sudo -n id -u") == "0\n", f"after role {role} the operator's key opens the door no more"


@pytest.mark.parametrize("role", ROLES)
def test_on_a_fresh_amd64_host(hosts, role):
    molecule(hosts.place, role, hosts.take(), 1200)


@pytest.mark.parametrize("role", ROLES)
def test_on_the_arm64_host(place, arm64, role):
    """In the order in which the roles run on a site."""
    molecule(place, role, arm64, 3000)
