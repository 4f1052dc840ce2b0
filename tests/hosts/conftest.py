"""Real hosts for tests: a copy of a shipped site with a lab of its own, beside any other lab of this machine."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import as_user
import pytest

from yiyun.lab.hosts import HostLab
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site

BIN = Path(sys.executable).parent
ETCD = (
    "sudo etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/kubernetes/pki/etcd/ca.crt "
    "--cert /etc/kubernetes/pki/etcd/healthcheck-client.crt --key /etc/kubernetes/pki/etcd/healthcheck-client.key"
)
"""Begins a command of etcdctl on a control host."""
VERIFY_ROLES = "YIYUN_VERIFY_ROLES"
"""Names of the roles of which tests/hosts/molecule is to look at the promises, where molecule does not name one."""
collect_ignore = [] if {VERIFY_ROLES, "MOLECULE_PROJECT_DIRECTORY"} & set(os.environ) else ["molecule"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hosts)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="real hosts need root"))


class HostPlace:
    """A copy of a shipped site outside the checkout. Everything it boots ends with `close`."""

    def __init__(self, root: Path, shipped: str = "lab") -> None:
        self.root, self.shipped = root, CHECKOUT / "inventories" / shipped
        self.directory = root / shipped
        shutil.copytree(self.shipped, self.directory)
        self.env = {**os.environ, "XDG_STATE_HOME": str(root / "state"), "COLUMNS": "220"}
        for name in ("YIYUN_BUNDLE", "YIYUN_ROOT_PASSWORD", "YIYUN_ROOT_KEY"):
            self.env.pop(name, None)

    @property
    def site(self) -> Site:
        return Site.load(self.directory)

    @property
    def lab(self) -> HostLab:
        """The lab of this place. XDG_STATE_HOME of the test process must be this place's."""
        return HostLab(self.site)

    def yiyun(self, *args: str, code: int | None = 0, timeout: float = 400, **env: str):
        """Run ./yiyun on this place and check its exit code."""
        return as_user.yiyun(*args, site=self.directory, env=self.env | env, code=code, timeout=timeout)

    def playbook(self, *args: str, timeout: float = 1800) -> str:
        """Run plain ansible-playbook with playbooks/hosts.yml and return its output; it must end well."""
        argv = [str(BIN / "ansible-playbook"), "-i", str(self.directory), "playbooks/hosts.yml", *args]
        environment = self.env | access.environment(self.site) | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        done = subprocess.run(
            argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        return done.stdout

    def verify(self, host: str, *roles: str, timeout: float = 1200) -> int:
        """Look at what these roles promise to a host with testinfra; returns the number of promises, all of them kept."""
        environment = self.env | {
            "YIYUN_SITE": str(self.directory),
            "MOLECULE_HOST": host,
            VERIFY_ROLES: " ".join(roles),
        }
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(CHECKOUT / "tests/hosts/molecule")]
        done = subprocess.run(
            argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        said = re.fullmatch(r"(\d+) passed(?:, \d+ warnings?)? in .*", done.stdout.strip().splitlines()[-1])
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
        assert said, done.stdout[-2000:]
        return int(said[1])

    def on(self, host: str, script: str, check: bool = True) -> str:
        """Run a script on a host, as root or as the management user."""
        command = [*self.lab.ssh_argv(host), script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert not check or done.returncode == 0, f"{script}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace one piece of text of the site, which must be there once."""
        as_user.replace(self.directory / file, old, new)

    def close(self) -> None:
        """Take the hosts down, also where a failed test left files that no Site can be read from."""
        shutil.rmtree(self.directory)
        shutil.copytree(self.shipped, self.directory)
        self.yiyun("lab", "hosts", "down")
        shutil.rmtree(self.root)


@contextmanager
def host_place(shipped: str = "lab") -> Iterator[HostPlace]:
    """A copy of a shipped site without hosts yet, taken down at the end.

    Not below pytest's own directories: those are deleted by the next but two sessions, mounted or not.
    """
    root = Path(tempfile.mkdtemp(prefix="yiyun-hosts-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        made = HostPlace(root, shipped)
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def place():
    """The site `lab` without hosts yet, taken down at the end."""
    with host_place() as made:
        yield made
