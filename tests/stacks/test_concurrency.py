"""Two engineers at once, and the locks of pulumi's own: a dead owner's is cleared, a living one's is respected."""

import getpass
import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from places import Place, locks, pulumis, small_place

from yiyun.paths import CHECKOUT

pytestmark = pytest.mark.lab
WITHIN = 15.0
"""Seconds within which the second of two is told so."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with small_place(tmp_path_factory.mktemp("concurrency")) as place:
        yield place


def test_the_second_up_names_the_first(place):
    first = place.start("up", "--yes")
    first.says("previewed ")
    started = time.monotonic()
    refused = place.yiyun("up", "--yes", code=2)
    assert time.monotonic() - started < WITHIN
    assert f"up of {getpass.getuser()}@{socket.gethostname()}, pid {first.process.pid}," in refused.stderr
    assert "resources changed; update 1" in first.end(0)


def plain_pulumi(place: Place, command: str) -> subprocess.Popen[str]:
    """Run pulumi in a stack as a user does after `eval $(./yiyun env)`."""
    line = f'eval "$({CHECKOUT}/yiyun env --site {place.directory})"; cd {CHECKOUT}/stacks/compute; exec {command}'
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(["bash", "-c", line], env=place.env, text=True, **streams)


def test_a_plain_pulumi_is_respected_and_cleared_after_its_death(place):
    process = plain_pulumi(place, "pulumi refresh --yes --skip-preview --non-interactive")
    deadline = time.monotonic() + 60
    while not locks(place):
        assert process.poll() is None, "pulumi ended without a lock"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    owner = pulumis(place)[0]
    owner.suspend()  # so that it is in progress for as long as the test wants
    refused = place.yiyun("up", "--yes", code=2)
    named = f"stack yiyun-compute/lab is locked by {getpass.getuser()}@{socket.gethostname()}, pid {owner.pid},"
    assert named in refused.stderr
    assert locks(place)
    owner.kill()
    process.wait()
    assert f"yiyun-compute/lab (pid {owner.pid} of {getpass.getuser()} is dead)" in place.yiyun("up", "--yes").stderr
    assert not locks(place)


def lock_file(place: Place, pid: int, host: str, since: datetime) -> Path:
    """A lock as pulumi writes it."""
    path = place.state / "pulumi" / ".pulumi" / "locks" / "organization" / "yiyun-compute" / "lab" / "made.json"
    content = {"pid": pid, "username": "ann", "hostname": host, "timestamp": since.isoformat()}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_living_owner_is_named(place):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as owner:
        path = lock_file(place, owner.pid, socket.gethostname(), datetime.now(UTC) + timedelta(seconds=1))
        refused = place.yiyun("up", "--yes", code=2)
        assert f"ann@{socket.gethostname()}, pid {owner.pid}," in refused.stderr
        assert path.exists()
        owner.kill()
    assert f"(pid {owner.pid} of ann is dead)" in place.yiyun("up", "--yes").stderr
    assert not path.exists()


def test_the_lock_of_another_host_is_never_cleared(place):
    path = lock_file(place, 2**22 - 1, "another-host", datetime.now(UTC))
    for _ in range(2):
        assert "ann@another-host, pid 4194303," in place.yiyun("up", "--yes", code=2).stderr
        assert path.exists()
    path.unlink()
