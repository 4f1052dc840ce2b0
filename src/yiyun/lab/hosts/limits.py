"""What a host of this lab cannot show, found out on one of them: read-only, nothing is tried that could change the machine.

The names are those of `keep_missing_in_containers` (roles/keep/vars/main.yml): what needs one of them is not applied on
a lab host and counts as `not proven live`. docs/lab-limits.md publishes the answers; a test holds the three together.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
PROBE = r"""
say() { printf '%s %s %s\n' "$1" "$2" "$3"; }
has() { # capability bit of process 1
    bits=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/1/status)
    [ $(( (0x$bits >> $1) & 1 )) -eq 1 ]
}
if [ -w /proc/sys/kernel/sysrq ]; then say kernel_sysctl yes '/proc/sys is writable'
else say kernel_sysctl no '/proc/sys is read-only but for /proc/sys/net'; fi
if [ -w /proc/sys/kernel/core_pattern ]; then say core_pattern yes 'it is writable'
else say core_pattern no '/proc/sys/kernel/core_pattern is the machine'"'"'s, read-only'; fi
if has 25; then say clock yes 'CAP_SYS_TIME'; else say clock no 'no CAP_SYS_TIME: the clock is the machine'"'"'s'; fi
if [ -n "$(find /dev -type b 2>/dev/null | head -n 1)" ]; then say block_devices yes 'there are block devices in /dev'
else say block_devices no '/dev has no block device'; fi
if has 16 && [ -d "/lib/modules/$(uname -r)" ]; then say modules yes 'CAP_SYS_MODULE and modules of this kernel'
else say modules no 'no CAP_SYS_MODULE, no modules of this kernel'; fi
cards=; for card in /sys/class/net/*/device; do [ -e "$card" ] && cards=yes; done
if [ -n "$cards" ]; then say network_cards yes 'an interface has a device'
else say network_cards no 'its only interface is a veth pair'; fi
if [ -n "$(ls /sys/bus/usb/devices 2>/dev/null)" ]; then say usb yes 'there is a USB bus'
else say usb no 'no USB bus, no udev'; fi
if [ -e /dev/tpm0 ] || [ -n "$(ls /sys/class/tpm 2>/dev/null)" ]; then say tpm yes 'there is a TPM'
else say tpm no 'no /dev/tpm0'; fi
if [ -r /sys/kernel/security/lsm ]; then say lsm yes "$(cat /sys/kernel/security/lsm)"
else say lsm no 'no securityfs: policies belong to the machine'; fi
"""
AUDIT = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as audit:
    audit.settimeout(5)
    audit.send(struct.pack("=IHHII", 16, 1000, 5, 1, 0))
    answer = audit.recv(8192)
kind = struct.unpack_from("=H", answer, 4)[0]
print(-struct.unpack_from("=i", answer, 16)[0] if kind == 2 else 0)
"""
"""Asks the kernel for its audit status (AUDIT_GET, acknowledged) and prints the error number."""


@dataclass(frozen=True)
class Limit:
    """Whether a host can show one thing, and how that was seen."""

    shown: bool
    seen: str


def probe(leader: int) -> dict[str, Limit]:
    """Ask the host whose first process has this pid. What could not be asked counts as not shown."""
    enter = ["nsenter", f"--target={leader}", "--net", "--pid", "--ipc", "--uts"]
    said = _output([*enter, "--mount", "sh", "-c", PROBE])
    found = {}
    for line in said.splitlines():
        name, _, rest = line.partition(" ")
        answer, _, seen = rest.partition(" ")
        found[name] = Limit(answer == "yes", seen)
    # The interpreter is this machine's: a bare host has none. The kernel looks at the PID namespace of the asker.
    number = _output([*enter, sys.executable, "-c", AUDIT]).strip()
    seen = (
        "the kernel answers" if number == "0" else f"the kernel refuses outside of the first PID namespace ({number})"
    )
    found["kernel_audit"] = Limit(number == "0", seen)
    return dict(sorted(found.items()))


def lacking(found: Mapping[str, Limit]) -> list[str]:
    """Names of what cannot be shown."""
    return [name for name, limit in found.items() if not limit.shown]


def leader_of(supervisor: int) -> int | None:
    """Pid of the first process of a host, a child of its systemd-nspawn; None while there is none."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = dict(
                    line.split(":\t", 1) for line in (entry / "status").read_text().splitlines() if ":\t" in line
                )
            except OSError:
                continue
            if fields.get("PPid") == str(supervisor) and fields.get("NSpid", "").split()[1:] == ["1"]:
                return int(entry.name)
    return None


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
