"""kill -9 of the API server and of etcd during an up: a clear error, nothing lost, and the next up completes."""

import hashlib
import json
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from places import Place, small_place, strangers

pytestmark = pytest.mark.lab
CONFIG_MAPS = 1000
ENDS_WITHIN = 120.0
"""Seconds from the kill to the end of the up."""
STACK = {"kube-apiserver": "platform", "etcd": "storage"}
"""Stack during whose update each part is killed."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A small site, its lab running, with 1,000 ConfigMaps of somebody else's."""
    with small_place(tmp_path_factory.mktemp("loss")) as place:
        place.yiyun("lab", "up")
        write(place)
        yield place


def write(place: Place) -> None:
    api = place.api("admin")
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "archive"}})

    def one(number: int) -> None:
        body = {"metadata": {"name": f"record-{number}"}, "data": {"text": secrets.token_hex(200)}}
        api.request("POST", "/api/v1/namespaces/archive/configmaps", body)

    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(one, range(CONFIG_MAPS)))


def digest(place: Place) -> str:
    items = place.api("admin").request("GET", "/api/v1/namespaces/archive/configmaps")["items"]
    found = {i["metadata"]["name"]: i["data"] for i in items if i["metadata"]["name"].startswith("record-")}
    assert len(found) == CONFIG_MAPS
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("part", ["kube-apiserver", "etcd"])
def test_the_up_ends_and_the_next_completes(part, place):
    before = digest(place)
    up = place.start("up", "--yes")
    log = place.state / "logs" / f"{STACK[part]}.log"
    up.until(lambda: log.exists() and log.read_text().count(" created (") >= 5, f"5 objects of {STACK[part]}")
    os.kill(json.loads((place.state / "lab" / "run" / f"{part}.json").read_text())["pid"], 9)
    killed = time.monotonic()
    said = up.end(2, ENDS_WITHIN)
    assert time.monotonic() - killed < ENDS_WITHIN
    assert f"yiyun: {part}: the process is gone" in said
    assert f"./yiyun lab up --site {place.directory}" in said
    assert not strangers(place)
    status = place.yiyun("lab", "status", code=1)
    assert any(part in line and "killed" in line for line in status.stdout.splitlines())
    place.yiyun("lab", "up")
    place.yiyun("lab", "status")
    assert digest(place) == before


def test_the_last_up_completes(place):
    before = digest(place)
    assert " resources changed; update" in place.yiyun("up", "--yes").stdout
    assert "0 resources changed" in place.yiyun("up", "--yes").stdout
    assert digest(place) == before
