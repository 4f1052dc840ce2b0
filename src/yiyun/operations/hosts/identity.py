"""What a host says it is, read by one shell script, and whether that is the host that hosts.yaml lists.

The script needs a POSIX shell and nothing else: a bare host has no Python. It changes nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from yiyun.site import cpu, os_profile
from yiyun.site.model import Host
from yiyun.site.os_profile import OsProfile

ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
LAB_MARKER = "/usr/local/lib/yiyun-lab/host.json"
FULL_KIB = 1024
"""A filesystem with less room than this is full: not even an account can be made."""
PLACES = ("/", "/etc", "/home", "/tmp", "/usr", "/var")  # noqa: S108  # filesystems that adopt writes to
SIZE_TOLERANCE = 0.1
"""Vendors sell decimal gigabytes where hosts.yaml says GiB."""

PROBE = (
    r"""
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
section() { printf '\n@@%s\n' "$1"; }
section arch; uname -m
section kernel; uname -r
section page_size; getconf PAGE_SIZE 2>/dev/null || getconf PAGESIZE
section os_release; cat /etc/os-release
section os_version; cat /etc/os-version 2>/dev/null
section cpuinfo; head -c 200000 /proc/cpuinfo
section lscpu; command -v lscpu >/dev/null 2>&1 && lscpu 2>/dev/null
section memory; sed -n 's/^MemTotal: *//p' /proc/meminfo
section disks
for link in /dev/disk/by-id/* /dev/disk/by-path/*; do
    [ -b "$link" ] || continue
    device=$(readlink -f "$link")
    printf '%s %s\n' "$link" "$(cat "/sys/class/block/${device##*/}/size" 2>/dev/null || echo 0)"
done
section firmware
for key in sys_vendor product_name bios_vendor bios_version bios_date board_name; do
    [ -r "/sys/class/dmi/id/$key" ] && printf '%s %s\n' "$key" "$(cat "/sys/class/dmi/id/$key")"
done
if [ -d /sys/firmware/efi ]; then echo boot UEFI; elif [ -d /sys/firmware ]; then echo boot BIOS; fi
section pythons
for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 /usr/libexec/platform-python; do
    found=$(command -v "$name") || continue
    printf '%s %s\n' "$found" "$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"
done
section sudo; command -v sudo
section user; getent passwd "$user"
home=$(getent passwd "$user" | cut -d: -f6)
section keys; [ -n "$home" ] && cat "$home/.ssh/authorized_keys" 2>/dev/null
section sudoers; cat "/etc/sudoers.d/$user" 2>/dev/null
section room
df -Pk """
    + " ".join(PLACES)
    + r""" 2>/dev/null | awk 'NR > 1 { print $6, $4 }' | sort -u
section lab; cat """
    + LAB_MARKER
    + r""" 2>/dev/null
section end
"""
)
"""Needs `user` set before it. Sections begin with `@@name`; `end` shows that nothing was cut off."""


@dataclass(frozen=True)
class Identity:
    """What one host said."""

    arch: str
    kernel: str
    page_size_kib: int
    os: OsProfile
    os_text: str
    """PRETTY_NAME of os-release."""
    cpu_family: str
    cpu_model: str
    cpu_name: str
    """What the chip calls itself to people; decides nothing."""
    memory_kib: int
    disks: Mapping[str, int]
    """Size in bytes by name below /dev/disk."""
    firmware: Mapping[str, str]
    pythons: Mapping[str, tuple[int, ...]]
    """Version by path of each Python 3."""
    sudo: bool
    user_exists: bool
    authorized_keys: str
    sudoers: str
    room_kib: Mapping[str, int]
    """Free room by mount point."""
    lab: Mapping[str, Any] = field(default_factory=dict)
    """What a lab host says about itself."""

    @property
    def python(self) -> str | None:
        """Path of a Python new enough for ansible-core 2.19 (3.8), the newest; None where there is none."""
        usable = {path: version for path, version in self.pythons.items() if version >= (3, 8)}
        return max(usable, key=lambda path: usable[path]) if usable else None

    def facts(self) -> dict[str, Any]:
        """What is worth keeping as evidence of the first contact."""
        content = asdict(self)
        for name in ("authorized_keys", "sudoers", "user_exists", "sudo", "room_kib"):
            del content[name]
        content["os"] = self.os.name
        content["pythons"] = {path: ".".join(map(str, version)) for path, version in self.pythons.items()}
        return content


@dataclass(frozen=True)
class Difference:
    """One point in which a host is not the one listed."""

    what: str
    listed: str
    found: str

    def __str__(self) -> str:
        return f"{self.what} is {self.found}, hosts.yaml lists {self.listed}"


class UnreadableError(ValueError):
    """The answer of a host cannot be understood; the text says what is missing."""


def parse(text: str) -> Identity:
    """Read the output of PROBE. Raises UnreadableError when it was cut off or a section has no sense."""
    sections = dict(re.findall(r"^@@(\w+)\n(.*?)(?=^@@|\Z)", text + "\n", re.MULTILINE | re.DOTALL))
    if "end" not in sections:
        raise UnreadableError("its answer to the identification was cut off")
    one = {name: content.strip() for name, content in sections.items()}
    try:
        found_cpu = cpu.identify(sections["cpuinfo"], sections["lscpu"])
        return Identity(
            arch=ARCHES.get(one["arch"], one["arch"] or "unknown"),
            kernel=one["kernel"],
            page_size_kib=int(one["page_size"]) // 1024,
            os=os_profile.identify(sections["os_release"], sections["os_version"] or None),
            os_text=_value(one["os_release"], "PRETTY_NAME"),
            cpu_family=str(found_cpu),
            cpu_model=found_cpu.model,
            cpu_name=found_cpu.model_name,
            memory_kib=int(one["memory"].split()[0]),
            disks={name: int(sectors) * 512 for name, sectors in _pairs(one["disks"])},
            firmware=dict(_pairs(one["firmware"])),
            pythons={path: _version(version) for path, version in _pairs(one["pythons"]) if _version(version)},
            sudo=bool(one["sudo"]),
            user_exists=bool(one["user"]),
            authorized_keys=one["keys"],
            sudoers=one["sudoers"],
            room_kib={place: int(free) for place, free in _pairs(one["room"])},
            lab=json.loads(one["lab"]) if one["lab"] else {},
        )
    except (KeyError, ValueError, IndexError) as error:
        raise UnreadableError(f"its answer to the identification has no sense ({error})") from None


def differences(host: Host, found: Identity, *, lab: bool) -> tuple[list[Difference], list[Difference]]:
    """Compare a host with its entry in hosts.yaml: what refuses it, and what a lab host differs in on purpose.

    A lab host's own word counts only on a site that is a lab, and only where it names both what hosts.yaml lists and
    what was found: a chip of another family is never excused.
    """
    marker = found.lab if lab else {}
    excused_pairs = {
        (name, str(marker["listed"][name]), str(marker["real"].get(name))) for name in marker.get("listed", {})
    }
    refused: list[Difference] = []
    excused: list[Difference] = []
    for name, text, listed, seen in (
        ("cpu_family", "CPU family", host.cpu_family, found.cpu_family),
        ("arch", "architecture", host.arch, found.arch),
        ("page_size_kib", "page size (KiB)", host.page_size_kib, found.page_size_kib),
        ("kernel", "kernel", host.kernel, found.kernel),
        ("os_profile", "operating system", host.os_profile, found.os.name),
    ):
        if str(listed) == str(seen):
            continue
        shown = f"{seen} ({found.os_text})" if name == "os_profile" and found.os_text else str(seen)
        difference = Difference(text, str(listed), shown)
        (excused if (name, str(listed), str(seen)) in excused_pairs else refused).append(difference)
    if "block_devices" not in marker.get("lacking", ()):
        refused += _disks(host, found)
    return refused, excused


def _disks(host: Host, found: Identity) -> list[Difference]:
    result = []
    for disk in host.disks:
        size = found.disks.get(disk.id)
        listed = disk.size_gib * 2**30
        if size is None:
            result.append(Difference(f"disk {disk.id}", f"{disk.size_gib} GiB", "not there"))
        elif abs(size - listed) > SIZE_TOLERANCE * listed:
            result.append(Difference(f"disk {disk.id}", f"{disk.size_gib} GiB", f"{size / 2**30:.0f} GiB"))
    return result


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(words[0], words[1]) for line in text.splitlines() if len(words := line.split(None, 1)) == 2]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")) if re.fullmatch(r"\d+\.\d+", text.strip()) else ()


def _value(text: str, key: str) -> str:
    found = re.search(rf"^{key}=[\"']?(.*?)[\"']?$", text, re.MULTILINE)
    return found[1] if found else ""
