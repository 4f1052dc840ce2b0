"""kill -9 in every phase of an up: the next up ends well, and everything is as if nothing had happened.

By default one kill each in preview, early and late update. YIYUN_KILLS=full: at least two in each phase, half of
them with an edit of site.yaml before the next up.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from places import (
    Place,
    Running,
    differences,
    freeze,
    kill_pulumis,
    locks,
    objects,
    pulumis,
    small_place,
    states,
    strangers,
)

pytestmark = pytest.mark.lab
FULL = os.environ.get("YIYUN_KILLS") == "full"
SETTLES_WITHIN = 30.0
"""Seconds for what the server does by itself after an up, such as emptying a deleted namespace."""


@dataclass(frozen=True)
class Killed:
    """What one kill met."""

    victims: tuple[str, ...]
    written: int
    unrecorded: tuple[str, ...] = ()
    """Objects that the server has and whose creation is not recorded in a state."""


def edit(content: dict[str, Any]) -> None:
    """One object changed (a VM's memory), some removed: an application and a load balancer."""
    compute = content["compute"]
    next(vm for vm in compute["vms"] if vm["name"] == "his-app-1")["memory_gib"] += 1
    compute["applications"] = [a for a in compute["applications"] if a["name"] != "log-intake"]
    content["load_balancers"]["l4"] = []


# --- the kills --------------------------------------------------------------------------------------------------


def in_preview(place: Place, up: Running) -> Killed:
    """kill -9 of pulumi while some stacks are previewed and some are not."""
    up.says("previewed ")
    up.until(lambda: pulumis(place), "the next preview")
    return Killed(tuple(kill_pulumis(place)), place.written())


def in_dry_run(place: Place, up: Running) -> Killed:
    """kill -9 of yiyun itself while its scratch namespaces exist."""
    up.says("dry run on the server")
    api = place.api()
    selector = {"labelSelector": "yiyun.io/scratch"}
    up.until(lambda: api.request("GET", "/api/v1/namespaces", query=selector)["items"], "a scratch namespace")
    up.kill()
    return Killed(("yiyun",), place.written())


def after(stack: str, count: int) -> Callable[[Place, Running], Killed]:
    """kill -9 of pulumi after it created `count` objects of `stack`."""

    def kill(place: Place, up: Running) -> Killed:
        log = place.state / "logs" / f"{stack}.log"
        up.until(lambda: log.exists() and log.read_text().count(" created (") >= count, f"{count} objects of {stack}")
        return Killed(tuple(kill_pulumis(place)), place.written())

    return kill


def at(stack: str, key: str) -> Callable[[Place, Running], Killed]:
    """kill -9 of pulumi when the server has the object called `key`, and the state does not know yet."""

    def pending(place: Place) -> dict[str, dict[str, Any]]:
        operations = place.checkpoint(stack).get("pending_operations") or ()
        found = [o["resource"] for o in operations if o["type"] == "creating"]
        return {str(resource["urn"]).rpartition("::")[2]: resource for resource in found}

    def kill(place: Place, up: Running) -> Killed:
        up.until(lambda: key in pending(place), f"the creation of {key}")
        freeze(place)
        api = place.api()
        resource = pending(place)[key]
        up.until(lambda: api.get(resource["inputs"]), f"{key} on the server")
        unrecorded = tuple(name for name, r in pending(place).items() if "inputs" in r and api.get(r["inputs"]))
        return Killed(tuple(kill_pulumis(place)), place.written(), unrecorded)

    return kill


def yiyun_alone(place: Place, up: Running) -> Killed:
    """kill -9 of yiyun during an update: pulumi lives on and keeps its lock, which the next up respects."""
    log = place.state / "logs" / "platform.log"
    up.until(lambda: log.exists() and " created (" in log.read_text(), "the update of platform")
    written = place.written()
    up.kill()
    orphan = freeze(place)[0]  # not before: the kernel wakes up what its dead parent left stopped
    refused = place.yiyun("up", "--yes", code=2)
    assert f"pid {orphan.pid}," in refused.stderr
    assert "yiyun-platform/lab is locked by" in refused.stderr
    orphan.resume()
    deadline = time.monotonic() + SETTLES_WITHIN * 4
    while orphan.is_running():
        assert time.monotonic() < deadline, "pulumi did not end without yiyun"
        time.sleep(0.1)
    assert place.written() > written
    return Killed(("yiyun",), written)


LOG_INTAKE = "shared-svc/log-intake"
KILLS: list[tuple[str, Callable[[Place, Running], Killed], bool]] = [
    ("preview", in_preview, False),
    ("early update", at("platform", "NetworkPolicy/shared-svc/app.log-intake"), True),
    ("late update", after("compute", 4), False),
]
if FULL:
    KILLS += [
        ("dry run", in_dry_run, False),
        ("dry run", in_dry_run, True),
        ("preview", in_preview, True),
        ("early update", after("platform", 12), False),
        ("early update, yiyun alone", yiyun_alone, True),
        ("middle update", at("ingress", "SwitchLBRule/his-app-lb"), True),
        ("middle update", after("storage", 10), False),
        ("late update", at("compute", f"Service/{LOG_INTAKE}"), True),
        ("late update", after("database", 1), False),
    ]
NAMES = [f"{phase}, {'edited' if edited else 'unchanged'}" for phase, _, edited in KILLS]


# --- what a clean run gives -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Objects and states after one undisturbed up in a fresh lab, by whether site.yaml was edited."""
    known: dict[bool, tuple[dict[str, Any], dict[str, Any]]] = {}

    def run(edited: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        if edited not in known:
            with small_place(tmp_path_factory.mktemp("clean")) as place:
                if edited:
                    with place.editing() as content:
                        edit(content)
                place.yiyun("up", "--yes")
                known[edited] = settled(place), states(place)
        return known[edited]

    return run


def settled(place: Place, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    """The objects on the server once nothing is on its way out any more, and, if told, they are as wanted."""
    deadline = time.monotonic() + SETTLES_WITHIN
    while True:
        found = objects(place)
        leaving = any(item["metadata"]["leaving"] for item in found.values())
        if (not leaving and wanted in (None, found)) or time.monotonic() > deadline:
            return found
        time.sleep(1)


# --- the test ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("phase", "kill", "edited"), KILLS, ids=NAMES)
def test_the_next_up_completes(phase, kill, edited, clean, tmp_path, record_property):
    wanted_objects, wanted_states = clean(edited)
    with small_place(tmp_path) as place:
        up = place.start("up", "--yes")
        killed = kill(place, up)
        assert killed.victims
        if "yiyun" not in killed.victims:
            said = up.end(2)
            assert "killed by signal 9" in said
            assert not strangers(place), "plugins of the killed pulumi live on"
        row = f"{phase:26} {'edited' if edited else 'unchanged':10} {killed.written:4} objects written, "
        row += f"{len(killed.unrecorded)} unrecorded, killed: {', '.join(killed.victims)}"
        record_property("kill", row)
        print(row)  # noqa: T201  # the table of the kills
        if edited:
            with place.editing() as content:
                edit(content)
        place.yiyun("up", "--yes")
        assert not differences(settled(place, wanted_objects), wanted_objects)
        assert not differences(states(place), wanted_states)
        assert not strangers(place)
        assert not locks(place)
        if kill.__qualname__.startswith("at.") and edited:
            assert killed.unrecorded, "the kill came too late: nothing was unrecorded"
