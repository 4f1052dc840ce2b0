"""Audit logs have a bucket of their own."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-c", "8.1.5.4-d"),
    scope="site",
    title_zh="审计日志使用独立存储桶",
    title_en="Audit logs have a bucket of their own",
    rationale="Who may delete old backups must not be able to delete the record of it with them.",
    remediation="name a bucket in logs.bucket that nothing else is kept in",
)
def log_bucket_own(site: Site) -> Iterator[Finding]:
    spec = site.spec
    if spec.backup.bucket == spec.logs.bucket:
        yield Finding(f"{spec.logs.bucket} holds copies of disks, too", "logs.bucket", spec.logs.bucket)
    for database in spec.databases:
        if database.backup_bucket == spec.logs.bucket:
            yield Finding(f"{spec.logs.bucket} holds backups of {database.name}, too", "logs.bucket", spec.logs.bucket)
