"""The battery behind the host, as Network UPS Tools tell of it."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, number, pairs, part

_COMMAND = r"""
command -v upsc >/dev/null || { echo '== absent'; exit 0; }
echo '== monitor'; systemctl show --property=ActiveState --value nut-monitor.service || exit 4
sed -n 's/^[[:space:]]*MONITOR[[:space:]]\{1,\}\([^[:space:]]*\).*/\1/p' /etc/nut/upsmon.conf /etc/ups/upsmon.conf 2>/dev/null |
while read -r name; do echo "== ups $name"; upsc "$name" 2>/dev/null | grep -E '^(ups[.]status|battery[.]runtime):'; done
true
"""


def parse(text: str) -> Facts:
    """`installed`; `watched`: whether the monitor runs; `supplies`: by name, states (OL, OB, LB, ...) and seconds left."""
    parts = blocks(text)
    if "absent" in parts:
        return {"installed": False, "watched": False, "supplies": []}
    supplies = []
    for name, said in parts.items():
        if name.startswith("ups "):
            values = pairs(said, ":")
            runtime = values.get("battery.runtime")
            supplies.append(
                {
                    "name": re.sub(r"@.*", "", name.removeprefix("ups ")),
                    "states": values.get("ups.status", "").split(),
                    "seconds": None if runtime is None else number(runtime.partition(".")[0], "the time that is left"),
                }
            )
    state = part(parts, "monitor").strip()
    if not state:
        raise Unreadable("systemctl does not speak of the monitor")
    return {"installed": True, "watched": state == "active", "supplies": supplies}


PROBE = Probe(_COMMAND, parse, tier="deep")
