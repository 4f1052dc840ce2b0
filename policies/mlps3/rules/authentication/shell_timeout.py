"""An idle shell ends by itself, and nobody can change that."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

MOST_SECONDS = 600


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("shell",),
    title_zh="登录会话空闲超时自动退出",
    title_en="An idle shell ends by itself, and nobody can change that",
    rationale="A shell that nobody is at is an open door; assessors expect 10 minutes or less.",
    remediation="./yiyun hosts converge --role session_timeout",
    references=("bash(1) TMOUT",),
)
def shell_timeout(host: Host) -> Iterator[Finding]:
    for kind in ("login", "interactive"):
        shell = host.facts("shell").facts(kind)
        seconds = shell.maybe_number("idle_seconds")
        if seconds is None or not 0 < seconds <= MOST_SECONDS:
            text = "never ends" if seconds is None else f"ends after {seconds} s"
            yield Finding(
                f"an idle {kind} shell {text}; wanted within {MOST_SECONDS} s", shell.at("idle_seconds"), seconds
            )
        elif not shell.flag("fixed"):
            yield Finding(f"everybody can change TMOUT of a {kind} shell", shell.at("fixed"))
