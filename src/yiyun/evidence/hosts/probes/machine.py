"""What the machine is: processor, kernel, memory, disks, system; and whether its memory is emptied between owners."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part
from yiyun.site import os_profile

_COMMAND = r"""
echo '== uname'; uname -m; uname -r
echo '== processors'; getconf _NPROCESSORS_CONF
echo '== memory'; grep -E '^MemTotal:' /proc/meminfo
echo '== disks'; for link in /dev/disk/by-id/* /dev/disk/by-path/*; do case $link in *-part[0-9]*|*\*) ;; *) echo "$link";; esac; done
echo '== release'; cat /etc/os-release
echo '== edition'; if [ -e /etc/os-version ]; then cat /etc/os-version; fi
echo '== started with'; cat /proc/cmdline
echo '== built with'; grep -E '^(# )?CONFIG_INIT_ON_(ALLOC|FREE)_DEFAULT_ON[ =]' "/boot/config-$(uname -r)" 2>/dev/null || zcat /proc/config.gz 2>/dev/null | grep -E '^(# )?CONFIG_INIT_ON_(ALLOC|FREE)_DEFAULT_ON[ =]'
true
"""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def parse(text: str) -> Facts:
    """`arch`, `kernel`, `cpus`, `memory_kib`, `disks` (all their names), `system` (an OS profile), `emptied` (memory)."""
    parts = blocks(text)
    uname = lines(part(parts, "uname"))
    memory = re.fullmatch(r"MemTotal:\s+(\d+) kB", part(parts, "memory").strip())
    if len(uname) != 2 or memory is None:
        raise Unreadable("uname or /proc/meminfo does not say what they do")
    return {
        "arch": _ARCHITECTURES.get(uname[0].strip(), uname[0].strip()),
        "kernel": uname[1].strip(),
        "cpus": number(part(parts, "processors"), "the number of processors"),
        "memory_kib": int(memory[1]),
        "disks": [line.strip() for line in lines(part(parts, "disks"))],
        "system": os_profile.identify(part(parts, "release"), part(parts, "edition") or None).name,
        "emptied": {
            when: _emptied(when, part(parts, "started with").split(), lines(part(parts, "built with")))
            for when in ("alloc", "free")
        },
    }


def _emptied(when: str, started: list[str], built: list[str]) -> bool | None:
    """Whether memory is emptied then: by the last word of the command line, else as the kernel was built; None: not known."""
    said = [word.partition("=")[2].lower() for word in started if word.startswith(f"init_on_{when}=")]
    if said:
        return said[-1] in ("1", "on", "y", "yes", "true")
    option = f"CONFIG_INIT_ON_{when.upper()}_DEFAULT_ON"
    if f"{option}=y" in built:
        return True
    return False if f"# {option} is not set" in built else None


PROBE = Probe(_COMMAND, parse)
