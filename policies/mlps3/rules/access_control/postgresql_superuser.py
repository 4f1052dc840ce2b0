"""Nobody logs in as the superuser of PostgreSQL."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-b", "8.1.4.2-d"),
    kinds=("postgresql.cnpg.io/Cluster",),
    title_zh="PostgreSQL禁止超级用户远程登录",
    title_en="Nobody logs in as the superuser of PostgreSQL",
    rationale="The account has one name in every installation, and no right is too much for it.",
    remediation="set enableSuperuserAccess to false",
    references=("CloudNativePG: API Reference, enableSuperuserAccess",),
    admission=Admission(
        "!object.?spec.?enableSuperuserAccess.orValue(false)"
        " && object.?spec.?bootstrap.?initdb.?owner.orValue('') != 'postgres'"
    ),
)
def postgresql_superuser(obj: Object) -> Iterator[Finding]:
    if obj.spec.flag("enableSuperuserAccess"):
        yield Finding("has a password for the superuser", obj.spec.at("enableSuperuserAccess"), True)
    owner = obj.spec.walk("bootstrap.initdb").text("owner")
    if owner == "postgres":
        yield Finding("the application works as the superuser", obj.spec.walk("bootstrap.initdb").at("owner"), owner)
