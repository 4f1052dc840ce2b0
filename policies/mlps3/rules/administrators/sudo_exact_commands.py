"""Sudo gives nobody a program that starts others."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown
from yiyun.compliance.accounts import sudo_rights

ESCAPES = frozenset(
    {
        *("ash", "awk", "bash", "busybox", "csh", "dash", "ed", "emacs", "env", "ex", "expect", "find", "gawk", "gdb"),
        *("git", "ksh", "less", "lua", "man", "mawk", "more", "nano", "nmap", "perl", "pg", "php", "python", "python3"),
        *("rsync", "ruby", "rview", "screen", "script", "sed", "sh", "socat", "ssh", "strace", "su", "sudo", "tar"),
        *("tclsh", "tcsh", "tee", "tmux", "vi", "view", "vim", "visudo", "watch", "xargs", "zsh"),
    }
)


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("sudo",),
    title_zh="sudo 不授予可逃逸的程序",
    title_en="Sudo gives nobody a program that starts others",
    rationale="An editor, a pager, a shell or a * in an argument gives all rights, whatever the rest of the line says.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5)",),
)
def sudo_exact_commands(host: Host) -> Iterator[Finding]:
    for right in sudo_rights(host):
        if right.flag("negated") or right.flag("everything"):
            continue
        who = right.maybe_text("user") or right.maybe_text("group") or "ALL"
        for command in right.texts("commands"):
            program = command.partition(" ")[0]
            if program.rpartition("/")[2] in ESCAPES:
                yield Finding(
                    f"{shown(who)} may run {shown(command)}, which starts other programs", right.at("commands"), command
                )
            elif "*" in command or program.endswith("/"):
                yield Finding(f"{shown(who)} may run {shown(command)}: a pattern", right.at("commands"), command)
