"""No service that protects the host has failed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule

# auditd is judged by rules of its own; a container cannot run it.
UNITS = (
    "yiyun-file-integrity.service",
    "yiyun-firewall.service",
    "yiyun-malware-scan.service",
    "rsyslog.service",
    "systemd-journald.service",
)


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-d", "8.1.4.4-f"),
    scope="host",
    probes=("units",),
    title_zh="安全相关服务无失败状态",
    title_en="No service that protects the host has failed",
    rationale="A check that found something, or could not run, ends as failed; somebody must look.",
    remediation="systemctl status UNIT; journalctl --unit UNIT",
    references=("systemctl(1)",),
)
def services_none_failed(host: Host) -> Iterator[Finding]:
    every = host.facts("units").facts("units")
    known = [name for name in UNITS if every.there(name)]
    if not known:
        raise NotApplicable("the host has none of these services")
    for name in known:
        found = every.facts(name)
        if found.flag("failed") and not found.flag("masked"):
            yield Finding(f"{name} has failed", found.at("failed"), name)
