"""What keeps machines on one host apart: known holes of the processor, and memory that is merged between them."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
echo '== holes'; grep -sH '' /sys/devices/system/cpu/vulnerabilities/*
echo '== merged'; cat /sys/kernel/mm/ksm/run 2>/dev/null || echo absent
"""
_LINE = re.compile(r"/sys/devices/system/cpu/vulnerabilities/([a-z0-9_]+):(.+)")


def parse(text: str) -> Facts:
    """`holes`: what the kernel says of each that it knows; `merges`: whether it merges equal pages of different owners."""
    parts = blocks(text)
    holes = []
    for line in lines(part(parts, "holes")):
        match = _LINE.fullmatch(line)
        if match is None:
            raise Unreadable("the kernel says of a hole what is not understood")
        holes.append({"name": match[1], "says": match[2].strip()})
    if not holes:
        raise Unreadable("the kernel does not say which holes the processor has")
    merged = part(parts, "merged").strip()
    if merged not in ("absent", "0", "1", "2"):
        raise Unreadable("whether memory is merged is not known")
    return {"holes": holes, "merges": merged == "1"}


PROBE = Probe(_COMMAND, parse)
