"""Backups travel over TLS."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.backups import TARGET_KINDS, targets


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-b", "8.1.2.2-a"),
    kinds=TARGET_KINDS,
    title_zh="备份传输须加密",
    title_en="Backups travel over TLS",
    rationale="A backup is all of the data at once.",
    remediation="Give the endpoint as https:// and trust the site's CA instead of skipping verification.",
    admission=[
        *(
            Admission(
                " && ".join(f"!object.?spec.{field}.orValue('').startsWith('http://')" for field in fields),
                (kind,),
                name=name,
            )
            for kind, name, fields in (
                ("barmancloud.cnpg.io/ObjectStore", "postgresql", ("?configuration.?endpointURL",)),
                (
                    "pingcap.com/BackupSchedule",
                    "tidb",
                    ("?backupTemplate.?s3.?endpoint", "?logBackupTemplate.?s3.?endpoint"),
                ),
            )
        ),
        Admission(
            "!object.?spec.?config[?'s3Url'].orValue('').startsWith('http://')"
            " && object.?spec.?config[?'insecureSkipTLSVerify'].orValue('') != 'true'",
            ("velero.io/BackupStorageLocation",),
            name="velero",
        ),
        Admission(
            # Of several hosts in one address the last counts.
            " && ".join(
                f"(!object.?spec.?{part}.?destination.?path.orValue('').contains('?')"
                f" || [object.?spec.?{part}.?destination.?path.orValue('').split('?', 2)[1].split('&')"
                ".filter(f, f == 'host' || f.startsWith('host='))]"
                ".all(hosts, size(hosts) == 0 || !hosts[size(hosts) - 1].startsWith('host=http://')))"
                for part in ("logArchive", "dataBackup")
            ),
            ("oceanbase.oceanbase.com/OBTenantBackupPolicy",),
            name="oceanbase",
        ),
    ],
)
def backup_endpoint_tls(obj: Object) -> Iterator[Finding]:
    for target in targets(obj):
        if target.address.startswith("http://"):
            yield Finding("the endpoint is plain HTTP", target.path)
    config = obj.spec.map("config")
    if config.text("insecureSkipTLSVerify") == "true":
        yield Finding("the certificate is not verified", config.at("insecureSkipTLSVerify"), "true")
