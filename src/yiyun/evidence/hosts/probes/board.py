"""What the board management controller measures: the air that comes in, and the power supplies."""

import re
from typing import Any

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
command -v ipmitool >/dev/null || { echo '== absent'; exit 0; }
echo '== temperatures'; ipmitool sdr type Temperature || exit 4
echo '== supplies'; ipmitool sdr type 'Power Supply' || exit 4
"""
_INLET = re.compile(r"inlet|ambient|intake|front panel", re.IGNORECASE)
_BROKEN = re.compile(r"fail|lost|error|out-of-range|degraded|non-redundant", re.IGNORECASE)


def parse(text: str) -> Facts:
    """None for both without ipmitool. `inlets`: name, degrees, whether within the limits; `supplies`: by unit, present, well."""
    parts = blocks(text)
    if "absent" in parts:
        return {"inlets": None, "supplies": None}
    return {
        "inlets": [
            {"name": name, "well": state == "ok", "degrees": int(match[1])}
            for name, state, _, reading in map(_sensor, lines(part(parts, "temperatures")))
            if _INLET.search(name) and (match := re.match(r"(-?\d+)(?:\.\d+)? degrees C", reading))
        ],
        "supplies": _supplies([_sensor(line) for line in lines(part(parts, "supplies"))]),
    }


def _sensor(line: str) -> tuple[str, str, str, str]:
    """Name, state, entity and reading of a line such as `PS1 Status | C8h | ok | 10.1 | Presence detected`."""
    words = [word.strip() for word in line.split("|")]
    if len(words) != 5:
        raise Unreadable("ipmitool prints a line that is no sensor")
    return words[0], words[2], words[3], words[4]


def _supplies(sensors: list[tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    """One unit an entity; those of other kinds (a sensor of the redundancy) count as a unit that is not there."""
    units: dict[str, dict[str, Any]] = {}
    for name, state, entity, reading in sensors:
        unit = units.setdefault(entity, {"name": name, "present": False, "well": True})
        unit["present"] = unit["present"] or "presence detected" in reading.lower()
        unit["well"] = unit["well"] and state in ("ok", "ns") and not _BROKEN.search(reading)
    return list(units.values())


PROBE = Probe(_COMMAND, parse, tier="deep")
