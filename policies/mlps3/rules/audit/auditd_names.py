"""Audit records name people and hosts."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.3-b",),
    scope="host",
    probes=("logs",),
    title_zh="审计记录包含用户名与主机名",
    title_en="Audit records name people and hosts",
    rationale="A number says who it was on this host only, for as long as the account is there.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditd.conf(5) log_format", "auditd.conf(5) name_format"),
)
def auditd_names(host: Host) -> Iterator[Finding]:
    settings = host.facts("logs").maybe_facts("auditd")
    if settings is None:
        yield Finding("the audit system is not installed", "logs.auditd")
        return
    if settings.text("log_format") != "enriched":
        yield Finding("records hold numbers only (log_format)", settings.at("log_format"), settings.text("log_format"))
    if settings.text("name_format") not in ("hostname", "fqd", "numeric", "user"):
        yield Finding(
            "records do not name the host (name_format)", settings.at("name_format"), settings.text("name_format")
        )
