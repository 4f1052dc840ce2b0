"""A small site to break: few objects in all six stacks, its processes, what the server and the state hold of it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from conftest import Workplace

from yiyun.operations import environment
from yiyun.paths import CHECKOUT

PATIENCE = 300.0
"""Seconds; a busy machine is slow, a wrong one never gets there."""


class Place(Workplace):
    """A copy of site `lab` with fewer objects."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        with self.editing() as content:
            _shrink(content)
        site = self.site
        self.state = site.state_dir
        self.backend = environment.backend(site)

    @contextmanager
    def editing(self) -> Iterator[dict[str, Any]]:
        """Change site.yaml as data."""
        path = self.directory / "site.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield content
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def checkpoint(self, stack: str) -> dict[str, Any]:
        """The state of one stack as pulumi wrote it last; empty when there is none yet."""
        path = self.state / "pulumi" / ".pulumi" / "stacks" / f"yiyun-{stack}" / "lab.json"
        with suppress(FileNotFoundError):
            return json.loads(path.read_text(encoding="utf-8"))["checkpoint"].get("latest") or {}
        return {}

    def written(self) -> int:
        """How many objects pulumi has created, as its logs say."""
        logs = (self.state / "logs").glob("*.log")
        return sum(path.read_text(encoding="utf-8").count(" created (") for path in logs)

    def start(self, *args: str) -> "Running":
        """Start ./yiyun and go on."""
        return Running(self, *args)


def _shrink(content: dict[str, Any]) -> None:
    def keep(listed: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
        return [each for each in listed if each["name"] in names]

    content["network"]["vpcs"] = keep(content["network"]["vpcs"], "hosp-a-prod")
    content["network"]["vpcs"][0]["peers"] = []
    compute = content["compute"]
    compute["vms"] = keep(compute["vms"], "his-app-1", "his-app-2")
    compute["images"] = keep(compute["images"], "openeuler-amd64")
    compute["shared_disks"] = []
    compute["applications"] = keep(compute["applications"], "his-portal", "mllp", "log-intake")
    balancers = content["load_balancers"]
    balancers["l4"] = keep(balancers["l4"], "his-app-lb")
    balancers["l7"] = keep(balancers["l7"], "hosp-a-web")
    balancers["l7"][0]["routes"] = [r for r in balancers["l7"][0]["routes"] if r["application"] == "his-portal"]
    content["databases"] = keep(content["databases"], "sso-db")
    content["databases"][0]["allow_from"] = ["10.16.0.0/16"]


@contextmanager
def small_place(root: Path) -> Iterator[Place]:
    """A small site with a state of its own. All that it started is ended, and its state deleted, at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root / "state"))
        place = Place(root)
        try:
            yield place
        finally:
            for process in strangers(place):
                process.kill()
            place.close()


class Running:
    """A ./yiyun at work; what it prints goes to files."""

    def __init__(self, place: Place, *args: str) -> None:
        self.place = place
        number = len(list(place.directory.parent.glob("run-*.err")))
        self.printed = place.directory.parent / f"run-{number}.out"
        self.errors = self.printed.with_suffix(".err")
        with self.printed.open("w") as out, self.errors.open("w") as err:
            self.process = subprocess.Popen(
                [str(CHECKOUT / "yiyun"), *args, "--site", str(place.directory)],
                env=place.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def said(self) -> str:
        """What it printed on stderr until now."""
        return self.errors.read_text(encoding="utf-8")

    def until(self, done: Callable[[], Any], what: str) -> Any:
        """Wait for `done` to return something true, and return it. Fails when the process ends before."""
        deadline = time.monotonic() + PATIENCE
        while not (result := done()):
            assert self.process.poll() is None, f"ended before {what}:\n{self.said}"
            assert time.monotonic() < deadline, f"{what} did not come:\n{self.said}"
            time.sleep(0.01)
        return result

    def says(self, text: str) -> None:
        """Wait until it has printed `text` on stderr."""
        self.until(lambda: text in self.said, repr(text))

    def kill(self) -> None:
        """kill -9 of ./yiyun alone."""
        self.process.kill()
        self.process.wait()

    def end(self, code: int | None, seconds: float = PATIENCE) -> str:
        """Wait for the end, check the exit code, and return all that was printed. No traceback is ever allowed."""
        self.process.wait(seconds)
        everything = self.printed.read_text(encoding="utf-8") + self.said
        assert "Traceback" not in everything, everything
        assert code is None or self.process.returncode == code, f"exit {self.process.returncode}\n{everything}"
        return everything


def pulumis(place: Place) -> list[psutil.Process]:
    """The pulumi processes that work on this place's state."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "pulumi" and process.environ().get("PULUMI_BACKEND_URL") == place.backend:
                found.append(process)
    return found


def strangers(place: Place) -> list[psutil.Process]:
    """All processes that have to do with this place, but for the parts of its lab."""
    parts = {json.loads(path.read_text())["pid"] for path in (place.state / "lab" / "run").glob("*.json")}
    marks = (str(place.state), str(place.directory))
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            text = "\0".join([*process.cmdline(), *process.environ().values()])
            if any(mark in text for mark in marks) and process.pid != os.getpid():
                found[process.pid] = process
    return [process for pid, process in found.items() if pid not in parts and process.is_running()]


def kill_pulumis(place: Place) -> list[str]:
    """kill -9 of every pulumi of this place; returns what each was doing."""
    killed = []
    for process in pulumis(place):
        with suppress(psutil.Error):
            command = process.cmdline()
            killed.append(f"{command[1]} {Path(process.cwd()).name}")
            process.kill()
    return killed


def freeze(place: Place) -> list[psutil.Process]:
    """Stop every pulumi of this place where it stands (SIGSTOP); its plugins finish what they were asked for."""
    frozen = pulumis(place)
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    return frozen


# --- what is there ----------------------------------------------------------------------------------------------

MADE_BY_SERVER = frozenset({"Endpoints", "EndpointSlice", "Pod", "ReplicaSet", "Event", "Node", "Lease"})
"""Kinds that controllers or the lab make; copies of our labels stand on some of them."""
METADATA = ("name", "namespace", "labels", "annotations")
SERVER_ANNOTATIONS = ("deployment.kubernetes.io/", "pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.")


def objects(place: Place) -> dict[str, Any]:
    """All objects of the site on the server, without what the server itself fills in."""
    api = place.api("admin")
    groups = api.request("GET", "/apis")["groups"]
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]

    def listed(version: str) -> list[tuple[str, dict[str, Any]]]:
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        found = []
        for kind in api.request("GET", root).get("resources", ()):
            if "list" in kind["verbs"] and "/" not in kind["name"] and kind["kind"] not in MADE_BY_SERVER:
                answer = api.request("GET", f"{root}/{kind['name']}", query={"labelSelector": "yiyun.io/site=lab"})
                found += [(kind["kind"], item) for item in answer["items"]]
        return found

    with ThreadPoolExecutor(max_workers=8) as workers:
        everything = [pair for pairs in workers.map(listed, versions) for pair in pairs]
    return {_key(kind, item): _normal(kind, item) for kind, item in everything}


def _key(kind: str, item: Mapping[str, Any]) -> str:
    return "/".join(p for p in (kind, item["metadata"].get("namespace"), item["metadata"]["name"]) if p)


def _normal(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: item["metadata"][name] for name in METADATA if name in item["metadata"]}
    annotations = metadata.get("annotations", {})
    metadata["annotations"] = {k: v for k, v in annotations.items() if not k.startswith(SERVER_ANNOTATIONS)}
    metadata["leaving"] = "deletionTimestamp" in item["metadata"]
    body = {k: v for k, v in item.items() if k not in {"metadata", "status", "kind", "apiVersion"}}
    if kind == "Secret" or item["metadata"]["name"] == "site-ca":  # values differ from lab to lab
        body = {"keys": sorted(item.get("data", {})), "type": item.get("type")}
    if kind == "Service":
        spec = {k: v for k, v in body["spec"].items() if k not in {"clusterIP", "clusterIPs", "healthCheckNodePort"}}
        spec["ports"] = [{k: v for k, v in port.items() if k != "nodePort"} for port in spec["ports"]]
        body = {"spec": spec}
    return {"metadata": metadata, **body}


STACKS = ("platform", "network", "ingress", "storage", "compute", "database")
IN_STATE = ("type", "inputs", "protect", "retainOnDelete", "parent")


def states(place: Place) -> dict[str, Any]:
    """What the states of all stacks hold: URN to inputs and options."""
    found = {}
    for stack in STACKS:
        state = place.checkpoint(stack)
        assert not state.get("pending_operations"), f"{stack} has pending operations"
        for resource in state.get("resources", ()):
            entry = {name: resource.get(name) for name in IN_STATE}
            entry["dependencies"] = sorted(resource.get("dependencies") or ())
            assert resource["urn"] not in found, f"{resource['urn']} twice"
            found[resource["urn"]] = entry
    return found


def locks(place: Place) -> list[Path]:
    """Pulumi's own lock files."""
    return sorted((place.state / "pulumi" / ".pulumi" / "locks").rglob("*.json"))


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """In words, what two mappings of `objects` or `states` do not have in common."""
    lines = [f"missing: {name}" for name in sorted(wanted.keys() - found.keys())]
    lines += [f"too much: {name}" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(found.keys() & wanted.keys()):
        if found[name] != wanted[name]:
            lines += _fields(name, found[name], wanted[name])
    return lines


def _fields(path: str, found: Any, wanted: Any) -> list[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            line
            for name in sorted(found.keys() | wanted.keys())
            if found.get(name) != wanted.get(name)
            for line in _fields(f"{path} {name}", found.get(name), wanted.get(name))
        ]
    return [f"{path}: {found!r}, not {wanted!r}"]
