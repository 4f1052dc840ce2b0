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

# What is set for `default` reaches only interfaces that are made later, and what is set for `all` is not always enough.
OLD = "net.ipv4.conf.host0."
CASES += [
    Case(
        "network_send_redirects",
        "net.ipv4.conf.*.send_redirects of an interface that is older than the file",
        "host0 gives advice on routes",
        looks_right=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n"
            },
            {"sysctls": output({})},
            (f"{path(OLD + 'send_redirects')}:1", f"{path('net.ipv4.conf.all.send_redirects')}:0"),
        ),
        looks_wrong=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv4.conf.all.send_redirects = 1\nnet.ipv4.conf.default.send_redirects = 0\n",
                RUN.format(
                    "70-interfaces"
                ): "net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.host0.send_redirects = 0\n",
            },
            {"sysctls": output({f"{OLD}send_redirects": "0"})},
            (f"{path(OLD + 'send_redirects')}:0", f"{path('net.ipv4.conf.all.send_redirects')}:0"),
        ),
        programs="sysctl",
    ),
    Case(
        "network_redirects",
        "net.ipv4.conf.*.accept_redirects of an interface that is older than the file",
        "host0 lets others change this host's routes",
        # Where a host does not forward, one of `all` and the interface is enough to take them.
        looks_right=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\n"
            },
            {"sysctls": output({f"{OLD}forwarding": "0", "net.ipv4.conf.default.forwarding": "0"})},
            (f"{path(OLD + 'accept_redirects')}:1", f"{path('net.ipv4.conf.default.accept_redirects')}:0"),
        ),
        # Where it forwards, both must say so: the interface's own 1 takes nothing.
        looks_wrong=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.host0.accept_redirects = 1\n"
                "net.ipv4.conf.default.accept_redirects = 0\n"
            },
            {"sysctls": output({f"{OLD}accept_redirects": "1"})},
            (f"{path(OLD + 'accept_redirects')}:1", f"{path('net.ipv4.conf.all.accept_redirects')}:0"),
        ),
        programs="sysctl",
    ),
    Case(
        "network_redirects_ipv6",
        "net.ipv6.conf.*.accept_redirects of an interface that is older than the file",
        "host0 lets others change this host's routes",
        # IPv6 looks at the interface alone.
        looks_right=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv6.conf.all.forwarding = 0\nnet.ipv6.conf.default.accept_redirects = 0\n"
            },
            {"sysctls": output({"net.ipv6.conf.all.forwarding": "0", "net.ipv6.conf.host0.forwarding": "0"})},
            (
                f"{path('net.ipv6.conf.host0.accept_redirects')}:1",
                f"{path('net.ipv6.conf.default.accept_redirects')}:0",
            ),
        ),
        looks_wrong=Side(
            {
                ETC.format(
                    "60-hardening"
                ): "net.ipv6.conf.default.accept_redirects = 0\nnet.ipv6.conf.host0.accept_redirects = 1\n",
                ETC.format(
                    "61-interfaces"
                ): "net.ipv6.conf.all.forwarding = 0\nnet.ipv6.conf.host0.accept_redirects = 0\n",
            },
            {
                "sysctls": output(
                    {
                        "net.ipv6.conf.all.forwarding": "0",
                        "net.ipv6.conf.host0.forwarding": "0",
                        "net.ipv6.conf.host0.accept_redirects": "0",
                    }
                )
            },
            (f"{path('net.ipv6.conf.host0.accept_redirects')}:0",),
        ),
        programs="sysctl",
    ),
]
