"""What role keep does to units: the filter yiyun_units_due, against what units.sh reads on a host."""

import runpy

import pytest

from yiyun.paths import CHECKOUT

due = runpy.run_path(str(CHECKOUT / "plugins" / "filter" / "yiyun.py"))["units_due"]
CONF = "/etc/chrony/chrony.conf"
KEPT = {"name": "chrony.service", "enabled": True, "active": True, "reads": [CONF]}
REST = {"name": "chrony.service", "enabled": False, "active": False}
MASKED = {"name": "chrony.service", "masked": True}
ALONE = {"name": "chrony.service", "reads": [CONF]}


def now(load="loaded", active="active", file="enabled", reload="no", stale=""):
    return {"chrony.service": {"load": load, "active": active, "file": file, "reload": reload, "stale": stale}}


@pytest.mark.parametrize(
    ("unit", "state", "expected"),
    [
        (KEPT, now(), []),
        (KEPT, now(file="static", active="reloading"), []),
        (KEPT, now(file="disabled"), ["switch"]),
        (KEPT, now(active="failed"), ["switch"]),
        (KEPT, now(active="activating"), ["switch"]),
        (KEPT, now(load="not-found", active="inactive", file=""), ["switch"]),
        (KEPT, now(stale=CONF), ["restart"]),
        (KEPT, now(reload="yes", stale=CONF), ["reload", "restart"]),
        (KEPT, now(file="disabled", stale=CONF), ["switch", "restart"]),
        (KEPT, {}, []),
        (REST, now(active="inactive", file="disabled"), []),
        (REST, now(active="failed", file="static"), []),
        (REST, now(active="inactive"), ["switch"]),
        (REST, now(file="disabled"), ["switch"]),
        (MASKED, now(load="masked", active="inactive", file="masked"), []),
        (MASKED, now(load="not-found", active="inactive", file=""), []),
        (MASKED, now(load="masked", file="masked"), ["mask"]),
        (MASKED, now(active="inactive", file="disabled"), ["mask"]),
        (ALONE, now(active="inactive", file="disabled"), []),
        (ALONE, now(stale=CONF), ["restart"]),
    ],
)
def test_only_what_there_is_to_do(unit, state, expected):
    assert due([unit], state, [], False, "deb") == {key: [unit] for key in expected}


@pytest.mark.parametrize(
    ("state", "unwritten", "family", "expected"),
    [
        (now(), [CONF], "deb", ["restart"]),
        (now(), ["/etc/other"], "deb", []),
        (now(active="inactive"), [CONF], "deb", ["switch"]),
        (now(load="not-found", active="inactive", file=""), [], "deb", []),
        (now(load="not-found", active="inactive", file=""), [], "rpm", ["would_start"]),
        (now(load="not-found", active="inactive", file=""), [CONF], "deb", ["would_restart"]),
        (
            now(load="not-found", active="inactive", file=""),
            ["/etc/systemd/system/chrony.service"],
            "deb",
            ["would_start"],
        ),
    ],
)
def test_check_mode_foretells_what_would_follow_from_what_it_did_not_write(state, unwritten, family, expected):
    found = due([KEPT], state, unwritten, True, family)
    assert found == {key: [KEPT] for key in expected}
