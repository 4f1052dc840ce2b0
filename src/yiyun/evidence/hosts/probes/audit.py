"""The kernel's audit system as it is now: its state and the rules that it holds."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, pairs, part

_COMMAND = r"""
command -v auditctl >/dev/null || { echo '== absent'; exit 0; }
echo '== status'; auditctl -s || exit 4
echo '== rules'; auditctl -l || exit 4
"""


def parse(text: str) -> Facts:
    """`installed`; `status`: whole numbers by name; `rules`: each with its watch, or its system calls and fields."""
    parts = blocks(text)
    if "absent" in parts:
        return {"installed": False, "status": None, "rules": []}
    status = {key: int(value) for key, value in pairs(part(parts, "status")).items() if re.fullmatch(r"-?\d+", value)}
    if not {"enabled", "pid"} <= set(status):
        raise Unreadable("auditctl -s says neither enabled nor pid")
    return {
        "installed": True,
        "status": status,
        "rules": [_rule(line) for line in lines(part(parts, "rules")) if line.strip() != "No rules"],
    }


def _rule(line: str) -> dict[str, object]:
    """One line of auditctl -l: `-w PATH -p rwxa -k KEY`, or `-a LIST,ACTION -F ... -S ...`."""
    words = line.split()
    found: dict[str, object] = {"watch": None, "permissions": "", "list": "", "calls": [], "fields": [], "arch": None}
    fields: list[str] = []
    calls: list[str] = []
    if len(words) % 2 or not re.fullmatch(r"-[wa]", words[0]):
        raise Unreadable("auditctl -l prints a line that is no rule")
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "-w":
            found["watch"] = value.rstrip("/") or "/"
        elif option == "-p":
            found["permissions"] = value
        elif option == "-a":
            found["list"] = ",".join(sorted(value.split(",")))
        elif option == "-S":
            calls += value.split(",")
        elif option in ("-F", "-C"):
            fields.append(value)
        elif option != "-k":
            raise Unreadable(f"auditctl -l prints the option {option}")
    for value in fields:
        if value.startswith("arch="):
            found["arch"] = value.removeprefix("arch=")
        elif match := re.fullmatch(r"(path|dir)=(.+)", value):
            found["watch"] = match[2].rstrip("/") or "/"
        elif value.startswith("perm="):
            found["permissions"] = value.removeprefix("perm=")
    found["calls"] = calls
    found["fields"] = [value for value in fields if not re.match(r"(arch|path|dir|perm|key)=", value)]
    return found


PROBE = Probe(_COMMAND, parse)
