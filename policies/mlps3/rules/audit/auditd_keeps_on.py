"""The audit daemon never throws records away because its file is full."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown

WANTED = {
    "write_logs": ("yes",),
    "max_log_file_action": ("rotate", "keep_logs"),
    "disk_full_action": ("rotate", "syslog", "exec", "email"),
}
LEAST_FILES = 5


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-c",),
    scope="host",
    probes=("logs",),
    title_zh="审计日志写满时轮转保留",
    title_en="The audit daemon never throws records away because its file is full",
    rationale="With `ignore`, `suspend` or one file, the record ends, or overwrites itself, while everything else goes on.",
    remediation="./yiyun hosts converge --role auditd",
    references=("auditd.conf(5) max_log_file_action", "auditd.conf(5) disk_full_action"),
)
def auditd_keeps_on(host: Host) -> Iterator[Finding]:
    settings = host.facts("logs").maybe_facts("auditd")
    if settings is None:
        yield Finding("the audit system is not installed", "logs.auditd")
        return
    for key, good in WANTED.items():
        value = settings.text(key)
        if value not in good:
            yield Finding(f"{key} is {shown(value)}; wanted {' or '.join(good)}", settings.at(key), value)
    files = settings.text("num_logs")
    if not files.isdigit():
        raise Unevaluated(f"{settings.at('num_logs')}: no number")
    if settings.text("max_log_file_action") == "rotate" and int(files) < LEAST_FILES:
        yield Finding(f"num_logs is {files}: too few to look back", settings.at("num_logs"))
