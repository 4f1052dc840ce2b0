"""Kernel parameters: files are read in an order, others write later, and an interface keeps what it was made with.

The parameters of a network are set by the real sysctl in a network namespace. Those of the kernel are one for the whole
machine, so no test may write them: their output is the recorded one with the value exchanged.
"""

import re

from effective.case import Case, Files, Side, said

ETC, RUN, LIB = "/etc/sysctl.d/{}.conf", "/run/sysctl.d/{}.conf", "/usr/lib/sysctl.d/{}.conf"


# Each puts two values where only the last one counts, although the first is where people look.


def later_file(key: str, counts: str, seen: str) -> Files:
    return {ETC.format("60-hardening"): f"{key} = {seen}\n", ETC.format("90-application"): f"{key} = {counts}\n"}


def same_name(key: str, counts: str, seen: str) -> Files:
    """A file of /etc hides one of the same name in /usr/lib whole."""
    return {LIB.format("60-hardening"): f"{key} = {seen}\n", ETC.format("60-hardening"): f"{key} = {counts}\n"}


def below_run(key: str, counts: str, seen: str) -> Files:
    """The name decides, not the directory."""
    return {ETC.format("60-hardening"): f"{key} = {seen}\n", RUN.format("70-vendor"): f"{key} = {counts}\n"}


def sysctl_conf(key: str, counts: str, seen: str) -> Files:
    return {ETC.format("99-zz-hardening"): f"{key} = {seen}\n", "/etc/sysctl.conf": f"{key} = {counts}\n"}


def twice(key: str, counts: str, seen: str) -> Files:
    return {ETC.format("60-hardening"): f"{key} = {seen}\n# Wanted by the application\n{key} = {counts}\n"}


def written_later(key: str, counts: str, seen: str) -> Files:
    """The file is the only one; somebody has written the parameter since."""
    return {ETC.format("60-hardening"): f"{key} = {seen}\n"}


def path(key: str) -> str:
    """Of the parameter below /proc/sys."""
    return f"/proc/sys/{key.replace('.', '/')}"


def output(values: dict[str, str]) -> str:
    """What the probe says where these parameters have other values than on the recorded host."""
    text = said("sysctls")
    for key, value in values.items():
        line = f"{path(key)}:{value}"
        text, count = re.subn(rf"^{re.escape(path(key))}:.*$", line, text, flags=re.MULTILINE)
        text = text if count else f"{line}\n{text}"
    return text


def _side(files: Files, key: str, value: str, *, then: bool) -> Side:
    shows = (f"{path(key)}:{value}",)
    return Side(files, {"sysctls": output({key: value})}, shows, f"sysctl --write {key}={value}" if then else "")


KERNEL = [
    # rule, parameter, right, wrong, how the file looks right, how it looks wrong
    ("kernel_aslr", "kernel.randomize_va_space", "2", "0", later_file, later_file),
    ("kernel_messages", "kernel.dmesg_restrict", "1", "0", same_name, same_name),
    ("kernel_pointers", "kernel.kptr_restrict", "2", "0", below_run, below_run),
    ("kernel_ptrace", "kernel.yama.ptrace_scope", "1", "0", sysctl_conf, twice),
    ("kernel_sysrq", "kernel.sysrq", "0", "1", written_later, written_later),
    ("kernel_bpf", "kernel.unprivileged_bpf_disabled", "1", "0", twice, later_file),
    ("kernel_dumps_privileged", "fs.suid_dumpable", "0", "1", sysctl_conf, same_name),
    ("kernel_links_symbolic", "fs.protected_symlinks", "1", "0", same_name, below_run),
    ("core_dumps_nowhere", "kernel.core_pattern", "|/bin/false", "/var/crash/core.%p", written_later, later_file),
]
NETWORK = [
    ("kernel_syncookies", "net.ipv4.tcp_syncookies", "1", "0", later_file, same_name),
    ("kernel_broadcast_echo", "net.ipv4.icmp_echo_ignore_broadcasts", "1", "0", sysctl_conf, below_run),
    ("kernel_bogus_errors", "net.ipv4.icmp_ignore_bogus_error_responses", "1", "0", written_later, written_later),
    ("network_martians", "net.ipv4.conf.all.log_martians", "1", "0", below_run, later_file),
    ("network_source_address", "net.ipv4.conf.all.rp_filter", "1", "0", twice, sysctl_conf),
]
CASES = [
    Case(
        rule,
        key,
        "",
        looks_right=_side(file_right(key, wrong, right), key, wrong, then=file_right is written_later),
        looks_wrong=_side(file_wrong(key, right, wrong), key, right, then=file_wrong is written_later),
        programs=programs,
    )
    for rows, programs in ((KERNEL, ""), (NETWORK, "sysctl"))
    for rule, key, right, wrong, file_right, file_wrong in rows
]

# An interface that has a value of its own keeps it, and what is set for `all` is not always enough, or not looked at.


def _lines(name: str, **values: int) -> str:
    """Lines for one parameter of `ipv4_all`, `ipv4_default`, `ipv4_host0` and the like."""
    return "".join(f"net.{place.replace('_', '.conf.')}.{name} = {value}\n" for place, value in values.items())


def _interface(files: Files, name: str, **values: int) -> Side:
    keys = {f"net.{place.replace('_', '.conf.')}.{name}": str(value) for place, value in values.items()}
    family = next(iter(values)).partition("_")[0]
    routes = 0 if files[FIRST] and "forwarding = 0" in str(files[FIRST]) else 1
    moved = {f"net.{family}.conf.{place}.forwarding": str(routes) for place in ("all", "default", "host0")}
    return Side(files, {"sysctls": output(moved | keys)}, tuple(f"{path(key)}:{value}" for key, value in keys.items()))


FIRST, NEXT = ETC.format("60-hardening"), ETC.format("70-interfaces")
END_HOST = "net.ipv4.conf.all.forwarding = 0\nnet.ipv6.conf.all.forwarding = 0\n"
ROUTER = "net.ipv4.conf.all.forwarding = 1\n"
SEND, ACCEPT = "send_redirects", "accept_redirects"
CASES += [
    Case(
        "network_send_redirects",
        "net.ipv4.conf.*.send_redirects of one interface",
        "host0 gives advice on routes",
        # One of both is enough to send them.
        looks_right=_interface(
            {FIRST: ROUTER + _lines(SEND, ipv4_all=0, ipv4_default=0), NEXT: _lines(SEND, ipv4_host0=1)},
            SEND,
            ipv4_all=0,
            ipv4_host0=1,
        ),
        looks_wrong=_interface(
            {
                FIRST: ROUTER + _lines(SEND, ipv4_all=1, ipv4_host0=1),
                NEXT: _lines(SEND, ipv4_all=0, ipv4_default=0, ipv4_host0=0),
            },
            SEND,
            ipv4_all=0,
            ipv4_host0=0,
        ),
        programs="sysctl",
    ),
    Case(
        "network_redirects",
        "net.ipv4.conf.*.accept_redirects of one interface",
        "host0 lets others change this host's routes",
        # Where a host does not forward, one of both is enough to take them; where it does, both must say so.
        looks_right=_interface(
            {FIRST: END_HOST + _lines(ACCEPT, ipv4_all=0, ipv4_default=0), NEXT: _lines(ACCEPT, ipv4_host0=1)},
            ACCEPT,
            ipv4_all=0,
            ipv4_host0=1,
        ),
        looks_wrong=_interface(
            {FIRST: ROUTER + _lines(ACCEPT, ipv4_all=0, ipv4_default=0), NEXT: _lines(ACCEPT, ipv4_host0=1)},
            ACCEPT,
            ipv4_all=0,
            ipv4_host0=1,
        ),
        programs="sysctl",
    ),
    Case(
        "network_redirects_ipv6",
        "net.ipv6.conf.*.accept_redirects of one interface",
        "host0 lets others change this host's routes",
        # IPv6 looks at the interface alone.
        looks_right=_interface(
            {FIRST: END_HOST + _lines(ACCEPT, ipv6_all=0, ipv6_default=0), NEXT: _lines(ACCEPT, ipv6_host0=1)},
            ACCEPT,
            ipv6_default=0,
            ipv6_host0=1,
        ),
        looks_wrong=_interface(
            {
                FIRST: END_HOST + _lines(ACCEPT, ipv6_all=1, ipv6_default=0, ipv6_host0=1),
                NEXT: _lines(ACCEPT, ipv6_host0=0),
            },
            ACCEPT,
            ipv6_all=1,
            ipv6_host0=0,
        ),
        programs="sysctl",
    ),
]
