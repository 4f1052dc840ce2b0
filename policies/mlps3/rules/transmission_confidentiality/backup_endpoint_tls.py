"""Backups travel over TLS."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-b"),
    kinds=(
        "barmancloud.cnpg.io/ObjectStore",
        "oceanbase.oceanbase.com/OBTenantBackupPolicy",
        "pingcap.com/BackupSchedule",
        "velero.io/BackupStorageLocation",
    ),
    title_zh="备份传输须加密",
    title_en="Backups travel over TLS",
    rationale="A backup is all of the data at once.",
    remediation="Give the endpoint as https:// and trust the site's CA instead of skipping verification.",
)
def backup_endpoint_tls(obj: Object) -> Iterator[Finding]:
    for holder, key in (
        (obj.spec.map("config"), "s3Url"),
        (obj.spec.map("configuration"), "endpointURL"),
        (obj.spec.walk("backupTemplate.s3"), "endpoint"),
        (obj.spec.walk("logBackupTemplate.s3"), "endpoint"),
        (obj.spec.walk("logArchive.destination"), "path"),
        (obj.spec.walk("dataBackup.destination"), "path"),
    ):
        address = holder.text(key)
        if address.startswith("http://") or "host=http://" in address:
            yield Finding("the endpoint is plain HTTP", holder.at(key))
    config = obj.spec.map("config")
    if config.text("insecureSkipTLSVerify") == "true":
        yield Finding("the certificate is not verified", config.at("insecureSkipTLSVerify"), "true")
