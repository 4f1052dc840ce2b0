"""What loading a kernel module would do now, which are loaded, and what a plugged-in disk would meet."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

NAMES = (
    "usb-storage",
    "uas",
    "firewire-sbp2",
    "dccp",
    "rds",
    "sctp",
    "tipc",
    "cramfs",
    "freevxfs",
    "hfs",
    "hfsplus",
    "jffs2",
    "udf",
)
_COMMAND = """
echo '== loaded'; cut -d ' ' -f 1 /proc/modules
echo '== config'; modprobe --showconfig | grep -E '^install ' || true
echo '== builtin'; cat "/lib/modules/$(uname -r)/modules.builtin" 2>/dev/null | sed 's/.*[/]//; s/[.]ko.*//' || true
true
"""


def parse(text: str) -> Facts:
    """`modules`: by name, whether it is loaded, built in, and whether asking for it runs a program that loads nothing."""
    parts = blocks(text)
    loaded = {line.strip() for line in lines(part(parts, "loaded"))}
    builtin = {line.strip().replace("-", "_") for line in lines(part(parts, "builtin"))}
    refused = set()
    for line in lines(part(parts, "config")):
        match = re.fullmatch(r"install (\S+) (.+)", line.strip())
        if match is None:
            raise Unreadable("modprobe prints a line that is none of its own")
        if match[2].split()[0] in ("/bin/false", "/bin/true", "/usr/bin/false", "/usr/bin/true"):
            refused.add(match[1].replace("-", "_"))
    return {
        "modules": {
            name: {
                "loaded": name.replace("-", "_") in loaded,
                "builtin": name.replace("-", "_") in builtin,
                "refused": name.replace("-", "_") in refused,
            }
            for name in NAMES
        }
    }


PROBE = Probe(_COMMAND, parse)
