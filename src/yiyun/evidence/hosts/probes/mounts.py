"""File systems as they are mounted now: those that rules ask for."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, lines

POINTS = ("/", "/boot", "/dev/shm", "/home", "/tmp", "/var", "/var/log", "/var/log/audit", "/var/tmp")  # noqa: S108
_COMMAND = f"""awk 'BEGIN {{ split("{" ".join(POINTS)}", each, " "); for (i in each) wanted[each[i]] = 1 }}
$5 in wanted || $0 ~ /:\\/| - (nfs4?|cifs|smb3) / {{ $NF = ""; print }}' /proc/self/mountinfo"""
_LINE = re.compile(r"\d+ \d+ \S+ \S+ (?P<point>\S+) (?P<options>\S+)(?: \S+)* - (?P<type>\S+) (?P<source>\S+)")


def parse(text: str) -> Facts:
    """`points`: by mount point, None where nothing is mounted, else type and options; `shares`: those of a network."""
    points: dict[str, dict[str, object] | None] = dict.fromkeys(POINTS)
    shares = []
    for line in lines(text):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise Unreadable("a line of mountinfo that is none")
        options = sorted({*match["options"].split(",")})
        if match["type"] in ("nfs", "nfs4", "cifs", "smb3"):
            shares.append({"point": match["point"], "type": match["type"], "options": options})
        if match["point"] in points:
            points[match["point"]] = {"type": match["type"], "options": options}
    if points["/"] is None:
        raise Unreadable("the root is not mounted")
    return {"points": points, "shares": shares}


PROBE = Probe(_COMMAND, parse, needs_root=False)
