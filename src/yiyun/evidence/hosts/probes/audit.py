"""The kernel's audit system as it is now: its state and the rules that it holds."""

import re
from dataclasses import dataclass, field

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, pairs, part

_COMMAND = r"""
command -v auditctl >/dev/null || { echo '== absent'; exit 0; }
echo '== status'; auditctl -s || exit 4
echo '== rules'; auditctl -l || exit 4
"""


ANYBODY = frozenset({"auid>=1000", "auid!=-1", "auid!=unset", "auid!=4294967295"})
"""Conditions that leave out only what nobody has logged in for."""
NOBODY = frozenset({"auid=-1", "auid=unset", "auid=4294967295"})
HARMLESS_KINDS = frozenset({"BPF", "CRYPTO_KEY_USER", "CWD", "EOE", "NETFILTER_CFG", "PROCTITLE"})
"""Kinds of records that only add to others."""


def parse(text: str) -> Facts:
    """What the kernel records of everybody.

    `installed`; `status`: whole numbers by name; `watched`: paths of which writing and changes of attributes are
    recorded; `recorded`: system calls (64 bits), as `openat -EACCES` where only calls that end so are; `hiding`: number
    of rules that leave out what a person did.
    """
    parts = blocks(text)
    if "absent" in parts:
        return {"installed": False, "status": None, "watched": [], "recorded": [], "hiding": 0}
    status = {key: int(value) for key, value in pairs(part(parts, "status")).items() if re.fullmatch(r"-?\d+", value)}
    if not {"enabled", "pid"} <= set(status):
        raise Unreadable("auditctl -s says neither enabled nor pid")
    rules = [_rule(line) for line in lines(part(parts, "rules")) if line.strip() != "No rules"]
    return {
        "installed": True,
        "status": status,
        "watched": _watched(rules),
        "recorded": _recorded(rules),
        "hiding": sum(_hides(rule) for rule in rules),
    }


@dataclass
class _Rule:
    """One rule: a watch of a path, or system calls with conditions."""

    place: str = ""
    watch: str = ""
    permissions: str = ""
    arch: str = ""
    calls: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)


def _watched(rules: list[_Rule]) -> list[str]:
    watches: dict[str, set[str]] = {}
    for rule in rules:
        if rule.watch and not rule.conditions and rule.calls <= {"all"} and rule.place in ("", "always,exit"):
            watches.setdefault(rule.watch, set()).update(rule.permissions)
    return sorted(path for path, permissions in watches.items() if {"w", "a"} <= permissions)


def _recorded(rules: list[_Rule]) -> list[str]:
    found = set()
    for rule in rules:
        conditions = rule.conditions - ANYBODY
        ends = {each for each in conditions if each.startswith("exit=")}
        if rule.place != "always,exit" or rule.arch != "b64" or rule.watch or conditions - ends or len(ends) > 1:
            continue
        end = "".join(f" {each.removeprefix('exit=')}" for each in ends)
        found |= {f"{call}{end}" for call in rule.calls}
    return sorted(found)


def _hides(rule: _Rule) -> bool:
    if "exclude" in rule.place:
        kinds = {each.removeprefix("msgtype=") for each in rule.conditions if each.startswith("msgtype=")}
        return not rule.conditions & NOBODY and not (kinds and kinds <= HARMLESS_KINDS)
    return "never" in rule.place


def _rule(line: str) -> _Rule:
    """One line of auditctl -l: `-w PATH -p rwxa -k KEY`, or `-a LIST,ACTION -F ... -S ...`."""
    words = line.split()
    if len(words) % 2 or not re.fullmatch(r"-[wa]", words[0]):
        raise Unreadable("auditctl -l prints a line that is no rule")
    found = _Rule()
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "-w":
            found.watch = value.rstrip("/") or "/"
        elif option == "-p":
            found.permissions = value
        elif option == "-a":
            found.place = ",".join(sorted(value.split(",")))
        elif option == "-S":
            found.calls |= set(value.split(","))
        elif option in ("-F", "-C"):
            _condition(found, value)
        elif option != "-k":
            raise Unreadable(f"auditctl -l prints the option {option}")
    return found


def _condition(rule: _Rule, value: str) -> None:
    name, equals, rest = value.partition("=")
    if name == "arch":
        rule.arch = rest
    elif name in ("path", "dir") and equals:
        rule.watch = rest.rstrip("/") or "/"
    elif name == "perm":
        rule.permissions = rest
    elif name != "key":
        rule.conditions.add(value)


PROBE = Probe(_COMMAND, parse)
