"""Values of kernel parameters as they are in force, for the machine and for each network interface."""

import re
from typing import Any

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, lines
from yiyun.evidence.unknown import UnknownValue

KEYS = (
    "fs.protected_fifos",
    "fs.protected_hardlinks",
    "fs.protected_regular",
    "fs.protected_symlinks",
    "fs.suid_dumpable",
    "kernel.core_pattern",
    "kernel.dmesg_restrict",
    "kernel.kptr_restrict",
    "kernel.modules_disabled",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.perf_event_paranoid",
    "kernel.randomize_va_space",
    "kernel.sysrq",
    "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope",
    "net.core.bpf_jit_harden",
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "net.ipv4.icmp_ignore_bogus_error_responses",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.conf.all.disable_ipv6",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
)
V4 = (
    "accept_redirects",
    "accept_source_route",
    "forwarding",
    "log_martians",
    "rp_filter",
    "secure_redirects",
    "send_redirects",
)
V6 = ("accept_ra", "accept_redirects", "accept_source_route", "forwarding")
HIDDEN = "hidden"
"""Before the path of a parameter that the account may not read."""
_PATHS = " ".join(
    [f"/proc/sys/{key.replace('.', '/')}" for key in KEYS]
    + [f"/proc/sys/net/ipv4/conf/*/{name}" for name in V4]
    + [f"/proc/sys/net/ipv6/conf/*/{name}" for name in V6]
)
_COMMAND = f"""grep -sH '' -- /dev/null {_PATHS}; [ $? -le 2 ] || exit 4
[ "$(id -u)" = 0 ] || for path in {_PATHS}; do [ ! -e "$path" ] || [ -r "$path" ] || echo "{HIDDEN}:$path"; done
true"""
_INTERFACE = re.compile(r"net/(ipv[46])/conf/([^/]+)/([a-z_]+)")


def parse(text: str) -> Facts:
    """`values`: text by dotted name, None where this kernel has none; `ipv4`, `ipv6`: numbers of `all` and of `interfaces`."""
    values: dict[str, str | UnknownValue | None] = dict.fromkeys(KEYS)
    families: dict[str, dict[str, dict[str, Any]]] = {"ipv4": {}, "ipv6": {}}
    for line in lines(text):
        path, colon, value = line.partition(":")
        if path == HIDDEN:
            hidden = value.removeprefix("/proc/sys/").replace("/", ".")
            if hidden not in values:
                raise Unreadable(f"{hidden} is read by root only")
            values[hidden] = UnknownValue("is read by root only")
            continue
        name = path.removeprefix("/proc/sys/")
        if not colon or name == path:
            raise Unreadable("a line that is no kernel parameter")
        dotted = name.replace("/", ".")
        if dotted in values:
            values[dotted] = " ".join(value.split())
        if match := _INTERFACE.fullmatch(name):
            if match[3] not in (*V4, *V6):
                continue
            if not re.fullmatch(r"-?\d+", value.strip()):
                raise Unreadable(f"{name} is no number")
            families[match[1]].setdefault(match[2], {})[match[3]] = int(value)
    if any(family and not {"all", "default"} <= set(family) for family in families.values()) or not families["ipv4"]:
        raise Unreadable("the network's parameters are missing")
    return {"values": values, **{family: _family(found) for family, found in families.items()}}


def _family(found: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    if not found:
        return None
    own = [{"name": name, **settings} for name, settings in found.items() if name not in ("all", "lo")]
    return {"all": found["all"], "interfaces": own}


PROBE = Probe(_COMMAND, parse, needs_root=False)
