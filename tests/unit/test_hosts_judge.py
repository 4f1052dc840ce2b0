"""Promises against facts: kept, broken, unknown, not proven; what cannot be read is never kept."""

import dataclasses
import hashlib
from typing import Any

import pytest

from yiyun.evidence.hosts import judge
from yiyun.evidence.hosts.facts import Account, Entry, GroupEntry, HostFacts, Output, UnitState
from yiyun.evidence.hosts.promises import Promises
from yiyun.evidence.hosts.roles import RolePromises

ROOT = {"root": Account(0, 0, "root", "/root", "/bin/bash")}
ROOTS = {"root": GroupEntry(0, frozenset()), "adm": GroupEntry(4, frozenset({"eva"}))}
BOOT = 1_700_000_000.0


def entry(kind: str = "file", mode: int = 0o644, uid: int = 0, gid: int = 0, changed: float = BOOT) -> Entry:
    return Entry(kind, mode, uid, gid, changed)


def unit(load="loaded", active="active", file="enabled", reload=False, changed=BOOT, started=BOOT) -> UnitState:
    return UnitState(load, active, file, reload, changed, started)


def verdict(promises: dict[str, Any], lacks: tuple[str, ...] = (), **found: Any) -> tuple[str, str]:
    facts = HostFacts("n1", **{"accounts": ROOT, "groups": ROOTS} | found)
    model = Promises.model_validate(promises)
    contents = {file.path: file.content for file in model.files if file.content is not None}
    result = judge.judge(RolePromises("demo", model, contents), facts, lacks)
    assert len(result) == 1
    return result[0].state, result[0].reason


HELLO = {"/a": hashlib.sha256(b"hello").hexdigest()}
FILE = {"files": [{"path": "/a", "content": "hello"}]}
UNIT = {"units": [{"name": "x.service", "enabled": True, "active": True, "reads": ["/a"]}]}
RELOAD = {"units": [{"name": "x.service", "reads": ["/a"], "on_change": "reload"}]}
LINE = {"lines": [{"path": "/a", "line": "PASS_MAX_DAYS 90", "match": r"^\s*PASS_MAX_DAYS\s"}]}
EVA = {"accounts": [{"name": "eva", "uid": 5, "groups": ["adm"], "shell": "/bin/sh", "locked": True}]}
EVA_THERE = {**ROOT, "eva": Account(5, 5, "", "/home/eva", "/bin/sh")}


def effective(text: str, **judgement: Any) -> tuple[str, str]:
    status = judgement.pop("found_status", 0)
    return verdict({"effective": [{"command": "c", **judgement}]}, commands={"c": Output(text, status)})


CASES = {
    "file": (lambda: verdict(FILE, paths={"/a": entry()}, hashes=HELLO), "kept", ""),
    "file missing": (lambda: verdict(FILE, paths={"/a": None}), "broken", "is missing"),
    "file is a link": (lambda: verdict(FILE, paths={"/a": entry("link")}, hashes=HELLO), "broken", "is a link"),
    "file mode": (
        lambda: verdict(FILE, paths={"/a": entry(mode=0o4644)}, hashes=HELLO),
        "broken",
        "mode is 4644, not 0644",
    ),
    "file owner": (lambda: verdict(FILE, paths={"/a": entry(uid=7)}, hashes=HELLO), "broken", "owner is 7, not root"),
    "file group": (lambda: verdict(FILE, paths={"/a": entry(gid=7)}, hashes=HELLO), "broken", "group is 7, not root"),
    "file content": (
        lambda: verdict(FILE, paths={"/a": entry()}, hashes={"/a": "0" * 64}),
        "broken",
        "content differs",
    ),
    "file not hashed": (lambda: verdict(FILE, paths={"/a": entry()}), "unknown", "/a cannot be read"),
    "file not looked at": (lambda: verdict(FILE, hashes=HELLO), "unknown", "/a cannot be looked at"),
    "owner unknown": (
        lambda: verdict(FILE, paths={"/a": entry()}, hashes=HELLO, accounts={}),
        "unknown",
        "accounts cannot",
    ),
    "owner does not exist": (
        lambda: verdict(
            {"directories": [{"path": "/a", "owner": "eva"}]},
            paths={"/a": entry("directory", 0o755)},
            accounts={"eva": None},
        ),
        "broken",
        "owner eva does not exist",
    ),
    "only mode promised": (
        lambda: verdict({"files": [{"path": "/a", "mode": "0600"}]}, paths={"/a": entry(mode=0o600)}),
        "kept",
        "",
    ),
    "absent file": (lambda: verdict({"absent_files": ["/a"]}, paths={"/a": None}), "kept", ""),
    "absent file there": (lambda: verdict({"absent_files": ["/a"]}, paths={"/a": entry("link")}), "broken", "exists"),
    "absent file unknown": (lambda: verdict({"absent_files": ["/a"]}), "unknown", "cannot be looked at"),
    "link": (
        lambda: verdict({"links": [{"path": "/a", "target": "b"}]}, paths={"/a": entry("link")}, links={"/a": "b"}),
        "kept",
        "",
    ),
    "link elsewhere": (
        lambda: verdict({"links": [{"path": "/a", "target": "b"}]}, paths={"/a": entry("link")}, links={"/a": "c"}),
        "broken",
        "points to 'c'",
    ),
    "line": (lambda: verdict(LINE, texts={"/a": "x\nPASS_MAX_DAYS 90\n"}), "kept", ""),
    "line missing": (lambda: verdict(LINE, texts={"/a": "# PASS_MAX_DAYS 90\n"}), "broken", "is missing"),
    "line contradicted": (
        lambda: verdict(LINE, texts={"/a": "PASS_MAX_DAYS 90\nPASS_MAX_DAYS\t99999\n"}),
        "broken",
        "beside it stands",
    ),
    "line twice": (
        lambda: verdict(LINE, texts={"/a": "PASS_MAX_DAYS 90\nPASS_MAX_DAYS 90"}),
        "broken",
        "more than once",
    ),
    "package": (lambda: verdict({"packages": ["p"]}, packages={"p": True}), "kept", ""),
    "package missing": (lambda: verdict({"packages": ["p"]}, packages={"p": False}), "broken", "is not installed"),
    "package unknown": (lambda: verdict({"packages": ["p"]}), "unknown", "package database"),
    "absent package": (lambda: verdict({"absent_packages": ["p"]}, packages={"p": False}), "kept", ""),
    "absent package there": (
        lambda: verdict({"absent_packages": ["p"]}, packages={"p": True}),
        "broken",
        "is installed",
    ),
    "sysctl": (
        lambda: verdict({"sysctls": [{"settings": {"a.b": "1 2"}}]}, sysctls={"/proc/sys/a/b": "1 2"}),
        "kept",
        "",
    ),
    "sysctl other": (
        lambda: verdict({"sysctls": [{"settings": {"a.b": 1}}]}, sysctls={"/proc/sys/a/b": "0"}),
        "broken",
        "is '0', not 1",
    ),
    "sysctl missing": (
        lambda: verdict({"sysctls": [{"settings": {"a.b": 1}}]}, sysctls={"/proc/sys/a/b": None}),
        "broken",
        "does not exist",
    ),
    "sysctl unknown": (lambda: verdict({"sysctls": [{"settings": {"a.b": 1}}]}), "unknown", "cannot be read"),
    "unit": (lambda: verdict(UNIT, units={"x.service": unit()}, paths={"/a": entry()}), "kept", ""),
    "unit static": (lambda: verdict(UNIT, units={"x.service": unit(file="static")}, paths={"/a": None}), "kept", ""),
    "unit stopped": (
        lambda: verdict(UNIT, units={"x.service": unit(active="failed")}, paths={"/a": entry()}),
        "broken",
        "is failed",
    ),
    "unit disabled": (
        lambda: verdict(UNIT, units={"x.service": unit(file="disabled")}, paths={"/a": entry()}),
        "broken",
        "is disabled",
    ),
    "unit not there": (
        lambda: verdict(UNIT, units={"x.service": unit("not-found", "inactive", "")}, paths={"/a": None}),
        "broken",
        "does not exist; is inactive",
    ),
    "unit file changed": (
        lambda: verdict(UNIT, units={"x.service": unit(reload=True)}, paths={"/a": entry()}),
        "broken",
        "its unit file has changed",
    ),
    "stale": (
        lambda: verdict(UNIT, units={"x.service": unit()}, paths={"/a": entry(changed=BOOT + 1)}),
        "broken",
        "/a has changed since it read it",
    ),
    "a reload is no restart": (
        lambda: verdict(UNIT, units={"x.service": unit(changed=BOOT + 9)}, paths={"/a": entry(changed=BOOT + 1)}),
        "broken",
        "/a has changed",
    ),
    "reloaded": (
        lambda: verdict(RELOAD, units={"x.service": unit(changed=BOOT + 9)}, paths={"/a": entry(changed=BOOT + 1)}),
        "kept",
        "",
    ),
    "reads unknown": (lambda: verdict(UNIT, units={"x.service": unit()}), "unknown", "/a cannot be looked at"),
    "unit unknown": (lambda: verdict(UNIT, paths={"/a": entry()}), "unknown", "systemd cannot be asked"),
    "stopped and disabled": (
        lambda: verdict(
            {"units": [{"name": "x.service", "enabled": False, "active": False}]},
            units={"x.service": unit("not-found", "inactive", "")},
        ),
        "kept",
        "",
    ),
    "should be stopped": (
        lambda: verdict({"units": [{"name": "x.service", "active": False}]}, units={"x.service": unit()}),
        "broken",
        "is active",
    ),
    "should be disabled": (
        lambda: verdict({"units": [{"name": "x.service", "enabled": False}]}, units={"x.service": unit()}),
        "broken",
        "is enabled",
    ),
    "masked": (
        lambda: verdict(
            {"units": [{"name": "x.service", "masked": True}]},
            units={"x.service": unit("masked", "inactive", "masked")},
        ),
        "kept",
        "",
    ),
    "masked but running": (
        lambda: verdict(
            {"units": [{"name": "x.service", "masked": True}]}, units={"x.service": unit("masked", "active", "masked")}
        ),
        "broken",
        "still active",
    ),
    "not masked": (
        lambda: verdict(
            {"units": [{"name": "x.service", "masked": True}]}, units={"x.service": unit(active="inactive")}
        ),
        "broken",
        "is not masked",
    ),
    "group": (lambda: verdict({"groups": [{"name": "adm", "gid": 4}]}), "kept", ""),
    "group gid": (lambda: verdict({"groups": [{"name": "adm", "gid": 5}]}), "broken", "gid is 4, not 5"),
    "group missing": (lambda: verdict({"groups": [{"name": "ops"}]}, groups={"ops": None}), "broken", "is missing"),
    "group unknown": (lambda: verdict({"groups": [{"name": "ops"}]}), "unknown", "groups cannot be read"),
    "account": (lambda: verdict(EVA, accounts=EVA_THERE, passwords={"eva": "locked"}), "kept", ""),
    "account open": (lambda: verdict(EVA, accounts=EVA_THERE, passwords={"eva": "set"}), "broken", "password is set"),
    "account out of group": (
        lambda: verdict(
            EVA, accounts=EVA_THERE, passwords={"eva": "locked"}, groups={"adm": GroupEntry(4, frozenset())}
        ),
        "broken",
        "is not in group adm",
    ),
    "account shell": (
        lambda: verdict(EVA, accounts={"eva": Account(6, 5, "", "/", "/bin/zsh")}, passwords={"eva": "locked"}),
        "broken",
        "uid is 6, not 5; shell is '/bin/zsh'",
    ),
    "account missing": (lambda: verdict(EVA, accounts={"eva": None}), "broken", "is missing"),
    "account password unknown": (lambda: verdict(EVA, accounts=EVA_THERE), "unknown", "shadow file"),
    "absent account": (lambda: verdict({"absent_accounts": ["eva"]}, accounts={"eva": None}), "kept", ""),
    "absent account there": (lambda: verdict({"absent_accounts": ["eva"]}, accounts=EVA_THERE), "broken", "exists"),
    "absent account unknown": (lambda: verdict({"absent_accounts": ["eva"]}), "unknown", "accounts cannot be read"),
    "key equals": (lambda: effective("permitrootlogin no\n", key="PermitRootLogin", equals="no"), "kept", ""),
    "key differs": (
        lambda: effective("permitrootlogin yes\n", key="permitrootlogin", equals="no"),
        "broken",
        "permitrootlogin is 'yes', not 'no'",
    ),
    "key with equals sign": (lambda: effective("a = 5\n", key="a", at_least=5), "kept", ""),
    "key too small": (lambda: effective("a: 4\n", key="a", at_least=5), "broken", "a is 4, less than 5"),
    "key too large": (lambda: effective("a 6\n", key="a", at_most=5), "broken", "a is 6, more than 5"),
    "key no number": (lambda: effective("a six\n", key="a", at_most=5), "unknown", "not a number"),
    "key not said": (lambda: effective("ab 6\n", key="a", at_most=5), "unknown", "says nothing about a"),
    "whole output": (lambda: effective("\n", equals=""), "kept", ""),
    "whole output differs": (lambda: effective("x\n", equals=""), "broken", "says 'x', not ''"),
    "has line": (lambda: effective("a\n  -w /etc/passwd -p wa \n", line="-w /etc/passwd -p wa"), "kept", ""),
    "has no line": (lambda: effective("ab\n", line="a"), "broken", "has no line 'a'"),
    "matches": (lambda: effective("a\n^* x\n", matches=r"^\^\*"), "kept", ""),
    "does not match": (lambda: effective("a\n", matches="^b"), "broken", "does not match"),
    "lacks": (lambda: effective("a\n", lacks="^b"), "kept", ""),
    "does not lack": (lambda: effective("a\nbc\n", lacks="^b"), "broken", "has 'b'"),
    "command failed": (
        lambda: effective("a 5", key="a", equals="5", found_status=1),
        "unknown",
        "ended with status 1, not 0",
    ),
    "status wanted": (lambda: effective("inactive", equals="inactive", status=3, found_status=3), "kept", ""),
    "no answer": (
        lambda: verdict({"effective": [{"command": "c", "equals": ""}]}),
        "unknown",
        "gave no answer in time",
    ),
    "needs what is not there": (
        lambda: verdict({"units": [{"name": "x.service", "active": True, "needs": "clock"}]}, ("clock",)),
        "not-proven",
        "this host lacks clock",
    ),
    "needs what is there": (
        lambda: verdict(
            {"units": [{"name": "x.service", "active": True, "needs": "clock"}]}, ("usb",), units={"x.service": unit()}
        ),
        "kept",
        "",
    ),
}


@pytest.mark.parametrize(("test", "state", "reason"), CASES.values(), ids=CASES)
def test_verdicts(test, state: str, reason: str) -> None:
    found = test()
    assert found[0] == state
    assert (reason in found[1]) if reason else not found[1]


def test_without_facts_nothing_is_kept() -> None:
    """Every kind of promise of every case, against a host of which nothing is known."""
    kinds = [FILE, UNIT, RELOAD, LINE, EVA, {"packages": ["p"]}, {"absent_packages": ["p"]}, {"absent_files": ["/a"]}]
    kinds += [{"absent_accounts": ["a"]}, {"links": [{"path": "/a", "target": "b"}]}, {"directories": [{"path": "/a"}]}]
    kinds += [
        {"groups": [{"name": "g"}]},
        {"sysctls": [{"settings": {"a.b": 1}}]},
        {"effective": [{"command": "c", "lacks": "x"}]},
    ]
    assert {kind for each in kinds for kind in each} == set(Promises.model_fields), "a kind is not tested"
    for each in kinds:
        model = Promises.model_validate(each)
        role = RolePromises("demo", model, {"/a": "hello"})
        assert {found.state for found in judge.judge(role, HostFacts("n1"), ())} == {"unknown"}
        unread = dataclasses.replace(HostFacts("n1"), problem="unreachable")
        assert [found.state for found in judge.judge(role, unread, ())] == ["unknown"]


def test_what_is_not_promised_on_this_host_is_not_judged() -> None:
    model = Promises.model_validate({"files": [{"path": "/a", "content": "x", "when": False}]})
    assert judge.judge(RolePromises("demo", model, {}), HostFacts("n1"), ()) == []
