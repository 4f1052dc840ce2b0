"""A program started by sudo gets a terminal of its own."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule
from yiyun.compliance.accounts import sudo


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("sudo",),
    title_zh="sudo 在独立终端中运行命令",
    title_en="A program started by sudo gets a terminal of its own",
    rationale="On a shared terminal, what was started as root can type for the person later.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5) use_pty",),
)
def sudo_own_terminal(host: Host) -> Iterator[Finding]:
    defaults = sudo(host).facts("defaults")
    value = defaults.maybe_text("use_pty")
    if value is None:
        raise Unevaluated("sudo says nothing of use_pty; its own default differs between releases")
    if value != "yes":
        yield Finding("use_pty is off", defaults.at("use_pty"), "no")
