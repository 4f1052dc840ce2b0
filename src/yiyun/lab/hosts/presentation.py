"""What a lab host shows that is not its own: the recorded CPU of the chip family that hosts.yaml lists for it.

Every host carries `/usr/local/lib/yiyun-lab/host.json`, which says what is presented and in which points the lab differs
on purpose from what hosts.yaml lists (all lab hosts run Debian 12 on the machine's own kernel).
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yiyun.site.model import CpuFamily, Host

RECORDINGS = Path(__file__).with_name("presented")
"""`<family>.cpuinfo` and `<family>.lscpu`: what /proc/cpuinfo and lscpu said on a machine of that family, one processor kept."""
MARKER = "/usr/local/lib/yiyun-lab/host.json"
OS_PROFILE = "debian-12"
PRESENTED_SYSCTLS = (
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)
LACKING = ("block_devices", "firmware")
"""What no nspawn host has at all, so that nothing of it can be compared."""


@dataclass(frozen=True)
class Presentation:
    """What one host shows."""

    cpuinfo: str | None
    lscpu: str | None
    marker: str
    """Content of host.json."""

    @property
    def family(self) -> str:
        """The presented chip family; empty where the machine's own is seen."""
        return str(json.loads(self.marker)["presented"].get("cpu", ""))


def recording(family: CpuFamily) -> tuple[str, str] | None:
    """The recorded /proc/cpuinfo and lscpu of a family; None where there is none."""
    cpuinfo, lscpu = (RECORDINGS / f"{family}.{what}" for what in ("cpuinfo", "lscpu"))
    return (cpuinfo.read_text(encoding="utf-8"), lscpu.read_text(encoding="utf-8")) if cpuinfo.exists() else None


def of(host: Host, arch: str, *, emulated: bool) -> Presentation:
    """What `host` shows when it runs programs of `arch`."""
    found = recording(host.cpu_family)
    presented: dict[str, Any] = {"sysctls": list(PRESENTED_SYSCTLS)}
    if found:
        presented["cpu"] = host.cpu_family
    marker = {
        "presented": presented,
        "emulated": emulated,
        "lacking": list(LACKING),
        "listed": {
            "cpu_family": host.cpu_family,
            "arch": host.arch,
            "kernel": host.kernel,
            "os_profile": host.os_profile,
            "page_size_kib": host.page_size_kib,
        },
        "real": {
            "cpu_family": host.cpu_family if found else "unknown",
            "arch": arch,
            "kernel": os.uname().release,
            "os_profile": OS_PROFILE,
            "page_size_kib": os.sysconf("SC_PAGE_SIZE") // 1024,
        },
    }
    cpuinfo, lscpu = found or (None, None)
    return Presentation(cpuinfo, lscpu, json.dumps(marker, indent=1, sort_keys=True) + "\n")
