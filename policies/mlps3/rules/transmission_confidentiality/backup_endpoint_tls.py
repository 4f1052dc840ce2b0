"""Backups travel over TLS."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.backups import TARGET_KINDS, targets


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-b", "8.1.2.2-a"),
    kinds=TARGET_KINDS,
    title_zh="备份传输须加密",
    title_en="Backups travel over TLS",
    rationale="A backup is all of the data at once.",
    remediation="Give the endpoint as https:// and trust the site's CA instead of skipping verification.",
)
def backup_endpoint_tls(obj: Object) -> Iterator[Finding]:
    for target in targets(obj):
        if target.address.startswith("http://"):
            yield Finding("the endpoint is plain HTTP", target.path)
    config = obj.spec.map("config")
    if config.text("insecureSkipTLSVerify") == "true":
        yield Finding("the certificate is not verified", config.at("insecureSkipTLSVerify"), "true")
