"""Sudo does not remember a password for long."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.accounts import sudo

MOST_MINUTES = 15


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("sudo",),
    title_zh="sudo 鉴别缓存时间受限",
    title_en="Sudo does not remember a password for long",
    rationale="For as long as sudo remembers, who sits down at the terminal is root.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5) timestamp_timeout",),
)
def sudo_timeout(host: Host) -> Iterator[Finding]:
    defaults = sudo(host).facts("defaults")
    # sudo's own default is 5 minutes on every release in use, at most 15 where a distribution says so.
    text = defaults.maybe_text("timestamp_timeout")
    if text is not None:
        try:
            minutes = float(text)
        except ValueError:
            raise Unevaluated(f"{defaults.at('timestamp_timeout')}: no number") from None
        if not 0 <= minutes <= MOST_MINUTES:
            yield Finding(
                f"sudo remembers for {shown(text)} minutes; wanted at most {MOST_MINUTES}",
                defaults.at("timestamp_timeout"),
                text,
            )
