"""Sudo writes down what it is used for."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.accounts import sudo


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.5.1-a", "8.1.5.2-a", "8.1.5.3-a"),
    scope="host",
    probes=("sudo",),
    title_zh="sudo 操作留存审计记录",
    title_en="Sudo writes down what it is used for",
    rationale="What administrators do must be seen by the audit administrator.",
    remediation="./yiyun hosts converge --role administrators",
    references=("sudoers(5) logfile", "sudoers(5) syslog"),
)
def sudo_record(host: Host) -> Iterator[Finding]:
    defaults = sudo(host).facts("defaults")
    file, syslog = defaults.maybe_text("logfile"), defaults.maybe_text("syslog")
    # Without a word about it sudo writes to syslog; only `!syslog` stops that.
    if file in (None, "no") and syslog == "no":
        yield Finding("sudo writes to no file and not to syslog", defaults.at("syslog"), "no")
