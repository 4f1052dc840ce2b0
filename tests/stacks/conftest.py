"""A site of the test's own, with a lab of its own, worked on through ./yiyun as a user would."""

import os
import shutil
import subprocess
from pathlib import Path

import as_user
import pytest
from lab_sessions import MAPS, NAMESPACE, named, say, session

from yiyun import toolchain
from yiyun.evidence.api_server import ApiServer
from yiyun.lab import parts
from yiyun.lab.lab import Lab
from yiyun.paths import CHECKOUT
from yiyun.site import Site


def files_of_stacks() -> set[Path]:
    """All files below stacks/, but Python's own caches."""
    return {path for path in (CHECKOUT / "stacks").rglob("*") if "__pycache__" not in path.parts}


class Workplace:
    """A copy of a shipped site outside the checkout. Everything it starts ends with `close`."""

    def __init__(self, root: Path, shipped: str = "lab") -> None:
        self.directory = root / shipped
        self.files_of_stacks = files_of_stacks()
        shutil.copytree(CHECKOUT / "inventories" / shipped, self.directory)
        self.env = {**os.environ, "XDG_STATE_HOME": str(root / "state"), "COLUMNS": "200"}

    @property
    def site(self) -> Site:
        """The site as its files say now."""
        return Site.load(self.directory)

    def yiyun(self, *args: str, code: int | None = 0, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        """Run ./yiyun on this site and check its exit code."""
        return as_user.yiyun(*args, site=self.directory, env=self.env, code=code, timeout=timeout)

    def edit(self, old: str, new: str, file: str = "site.yaml") -> None:
        """Replace one piece of text of the site, which must be there once."""
        as_user.replace(self.directory / file, old, new)

    def api(self, person: str = "ops") -> ApiServer:
        """A session with the lab's API server."""
        return ApiServer(Lab(self.site).kubeconfig(person))

    def close(self) -> None:
        """End the lab and delete its state."""
        self.yiyun("lab", "reset", "--confirm", self.site.name, code=None)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, monkeypatch_module):
    """A copy of site `lab`, nothing running yet."""
    root = tmp_path_factory.mktemp("workplace")
    monkeypatch_module.setenv("XDG_STATE_HOME", str(root / "state"))
    place = Workplace(root)
    yield place
    place.close()


@pytest.fixture(scope="module")
def monkeypatch_module():
    """monkeypatch for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def brought_up(workplace):
    """The same, after a first `up`."""
    workplace.yiyun("up", "--yes")
    return workplace


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A state directory of the module's own, with the lab's programs built."""
    directory = tmp_path_factory.mktemp("lab-state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(directory))
        toolchain.ensure(parts.NAMES, say)
        yield directory


@pytest.fixture(scope="module")
def site(home):
    return Site.load(CHECKOUT / "inventories" / "lab")


@pytest.fixture(scope="module")
def lab(site):
    """A lab brought up from nothing, with one namespace."""
    made = Lab(site)
    made.up(say)
    session(made, "ops").apply(f"/api/v1/namespaces/{NAMESPACE}", named("v1", "Namespace", NAMESPACE, None))
    yield made
    made.reset()


@pytest.fixture(scope="module")
def ops(lab):
    api = session(lab, "ops")
    api.apply(MAPS + "/there", named("v1", "ConfigMap", "there", data={"k": "v"}))
    return api
