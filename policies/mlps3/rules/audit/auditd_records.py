"""The kernel audits, and a daemon takes its records."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.3-d", "8.1.5.2-a"),
    scope="host",
    probes=("audit",),
    needs=("kernel_audit",),
    title_zh="内核审计已启用且有守护进程接收",
    title_en="The kernel audits, and a daemon takes its records",
    rationale="Without it nobody can say later who did what.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditctl(8) -e", "auditd(8)"),
)
def auditd_records(host: Host) -> Iterator[Finding]:
    audit = host.facts("audit")
    if not audit.flag("installed"):
        yield Finding("the audit system is not installed", audit.at("installed"))
        return
    status = audit.facts("status")
    if status.number("enabled") not in (1, 2):
        yield Finding("the kernel's audit system is off", status.at("enabled"), status.number("enabled"))
    if status.number("pid") <= 0:
        yield Finding("no daemon takes the records", status.at("pid"), status.number("pid"))
