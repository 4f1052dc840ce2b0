"""Logins to PostgreSQL are proven and encrypted."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule

METHODS = {"trust", "password", "ident"}


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.1-c"),
    kinds=("postgresql.cnpg.io/Cluster",),
    title_zh="PostgreSQL登录须验证并加密",
    title_en="Logins to PostgreSQL are proven and encrypted",
    rationale="With trust a name is enough; with password it crosses the network as it is.",
    remediation="write hostssl lines with scram-sha-256 or cert in postgresql.pg_hba",
    references=("PostgreSQL: The pg_hba.conf File",),
)
def postgresql_logins(obj: Object) -> Iterator[Finding]:
    settings = obj.spec.map("postgresql")
    for line in settings.texts("pg_hba"):
        words = line.partition("#")[0].lower().split()
        open_methods = sorted({*words[3:]} & METHODS)
        if open_methods:
            yield Finding(f"lets in by {', '.join(open_methods)}", settings.at("pg_hba"), line)
        elif words[:1] in (["host"], ["hostnossl"]) and "reject" not in words[3:]:
            yield Finding(f"{words[0]} lets in without TLS", settings.at("pg_hba"), line)
