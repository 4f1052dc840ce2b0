"""Canaries: no secret value appears in any file, output or command line; only the cluster and the store hold them."""

import base64
import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from places import Place, small_place

from yiyun.operations import secret_store

pytestmark = pytest.mark.lab
PUBLIC = frozenset({"ca-certificate"})


class Watcher:
    """Collects the command lines of all processes, every 50 ms."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    self.seen.add("\0".join(process.cmdline()))

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def stored(place: Place) -> set[str]:
    """All secret values in the site's store."""
    values = secret_store._load(place.site).values()
    return {text for each in values for name, text in each.items() if name not in PUBLIC}


def in_cluster(place: Place) -> dict[str, dict[str, str]]:
    """Secrets of the site in the cluster, decoded."""
    query = {"labelSelector": "yiyun.io/site=lab"}
    items = place.api("admin").request("GET", "/api/v1/secrets", query=query)["items"]
    return {
        f"{i['metadata']['namespace']}/{i['metadata']['name']}": {
            key: base64.b64decode(value).decode() for key, value in i["data"].items()
        }
        for i in items
    }


def forms(value: str) -> list[bytes]:
    """How a value may be written: raw, each line of it, base64 at three offsets, escaped as JSON."""
    raw = value.encode()
    found = {raw, json.dumps(value)[1:-1].encode(), *(line.encode() for line in value.splitlines() if len(line) > 15)}
    for shift in range(3):  # inside a longer text that was encoded as one
        found.add(base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4])
    return [form for form in found if len(form) > 11 and not form.startswith(b"-----")]


def test_the_search_finds_every_form():
    value = 'first line of a value\nand \'the "second" one'
    for text in (value, json.dumps({"a": value}), base64.b64encode(f"xy{value}z".encode()).decode()):
        assert any(form in text.encode() for form in forms(value)), text


def files(place: Place) -> dict[Path, bytes]:
    """Everything that lies in the state: pulumi's state with backups and history, plans, logs, audit log, etcd."""
    store = {place.state / "secrets.enc", place.state / "secrets.key"}
    return {p: p.read_bytes() for p in place.state.rglob("*") if p.is_file() and p not in store}


def test_no_secret_is_seen_anywhere(tmp_path):
    with small_place(tmp_path) as place:
        watcher = Watcher()
        outputs = []

        def run(*args: str, code: int = 0) -> None:
            done = place.yiyun(*args, code=code)
            outputs.append(done.stdout + done.stderr)

        run("lab", "up")
        run("secrets", "init")
        first = stored(place)
        run("up", "--yes")
        before = in_cluster(place)
        run("secrets", "init")
        assert stored(place) == first, "a second init made new secrets"
        assert in_cluster(place) == before
        run("gate", "--format", "json", "--all")
        place.api().request("POST", "/api/v1/namespaces", {"metadata": {"name": "archive"}})
        with place.editing() as content:
            content["compute"]["vms"][0]["memory_gib"] += 1
            content["tenants"].append(content["tenants"][0] | {"name": "archive"})
        run("up", "--yes", code=2)  # a namespace that somebody else made
        run("secrets", "rotate")
        watcher.end()
        after = in_cluster(place)
        assert after.keys() == before.keys()
        renewed = {name for name in after if after[name] != before[name]}
        assert renewed >= {name for name in after if "ca" not in name.rpartition("/")[2].split("-")}, "not renewed"
        time.sleep(1)  # for the last lines of the audit log

        values = first | stored(place) | {v for s in (before, after) for data in s.values() for v in data.values()}
        canaries = {v: forms(v) for v in values if len(v) > 15 and "BEGIN CERTIFICATE" not in v}
        assert len(canaries) > 10
        places = {str(path): content for path, content in files(place).items()}
        names = " ".join(places)
        for wanted in (".bak", "history", "plans/", "audit.log", "kube-apiserver.log", "etcd.log", "member/wal"):
            assert wanted in names, f"nothing called {wanted} was searched"
        places |= {f"output {number}": text.encode() for number, text in enumerate(outputs)}
        places["command lines"] = "\n".join(watcher.seen).encode()
        assert b"pulumi" in places["command lines"]
        hits = [
            name for name, content in places.items() for each in canaries.values() if any(f in content for f in each)
        ]
        assert not hits, sorted(set(hits))
