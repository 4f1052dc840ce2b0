"""The clock: who sets it, from which source, how far off it is, and in which zone the host writes its records."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
echo '== zone'; date +%z
echo '== daemons'; cat /proc/[0-9]*/comm | grep -xE 'chronyd|ntpd|openntpd|ptp4l|systemd-timesyn' | sort -u | sed s/timesyn/timesyncd/
echo '== tracking'; if command -v chronyc >/dev/null; then chronyc -n -c tracking || true; fi
echo '== sources'; if command -v chronyc >/dev/null; then chronyc -n -c sources || true; fi
true
"""


def parse(text: str) -> Facts:
    """`zone`; `daemons`; `chrony`: None where it does not answer, else whether it follows a source, and milliseconds off."""
    parts = blocks(text)
    zone = part(parts, "zone").strip()
    if not re.fullmatch(r"[+-]\d{4}", zone):
        raise Unreadable("date prints no zone")
    return {
        "zone": zone,
        "daemons": [line.strip() for line in lines(part(parts, "daemons"))],
        "chrony": _chrony(lines(part(parts, "tracking")), lines(part(parts, "sources"))),
    }


def _chrony(tracking: list[str], sources: list[str]) -> dict[str, object] | None:
    if not tracking or "," not in tracking[0]:
        return None
    fields = tracking[0].split(",")
    if len(fields) != 14:
        raise Unreadable("chronyc tracking has not 14 fields")
    servers = [line.split(",") for line in sources if line.startswith(("^,", "=,", "#,"))]
    return {
        "reference": fields[1],
        "stratum": int(fields[2]),
        "off_milliseconds": abs(round(float(fields[4]) * 1000)),
        "leap": fields[13],
        "sources": [{"address": each[2], "chosen": each[1] == "*", "reach": int(each[5], 8)} for each in servers],
    }


PROBE = Probe(_COMMAND, parse)
