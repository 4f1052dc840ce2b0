"""Memory of migrating machines is encrypted."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.5-c", "8.1.2.2-a"),
    kinds=("kubevirt.io/KubeVirt",),
    title_zh="虚拟机迁移须加密",
    title_en="Memory of migrating machines is encrypted",
    rationale="A live migration sends all memory of a machine over the network, keys and passwords included.",
    remediation="Remove spec.configuration.migrations.disableTLS.",
    references=("KubeVirt: Live Migration, Disabling secure migrations",),
    admission=Admission("!object.?spec.?configuration.?migrations.?disableTLS.orValue(false)"),
)
def vm_migration_tls(obj: Object) -> Iterator[Finding]:
    migrations = obj.spec.walk("configuration.migrations")
    if migrations.flag("disableTLS"):
        yield Finding("migrations are not encrypted", migrations.at("disableTLS"), True)
