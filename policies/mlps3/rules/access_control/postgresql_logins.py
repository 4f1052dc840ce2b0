"""Logins to PostgreSQL are proven and encrypted."""

import re
from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel

BLANK, WORD = r"[ \t\r\n\f\v]", r"[^ \t\r\n\f\v]"
LATER = rf"^{BLANK}*{WORD}+{BLANK}+{WORD}+{BLANK}+{WORD}+{BLANK}+({WORD}+{BLANK}+)*"
"""What stands before the fourth word of a line, or a later one."""
OPEN = rf"{LATER}(?P<method>trust|password|ident)({BLANK}|$)"
REJECTING = rf"{LATER}reject({BLANK}|$)"
WITHOUT_TLS = rf"^{BLANK}*(?P<kind>host|hostnossl)({BLANK}|$)"
LINE = "l.split('#', 2)[0].lowerAscii()"


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.1-a", "8.1.4.1-c"),
    kinds=("postgresql.cnpg.io/Cluster",),
    title_zh="PostgreSQL登录须验证并加密",
    title_en="Logins to PostgreSQL are proven and encrypted",
    rationale="With trust a name is enough; with password it crosses the network as it is.",
    remediation="write hostssl lines with scram-sha-256 or cert in postgresql.pg_hba",
    references=("PostgreSQL: The pg_hba.conf File",),
    admission=Admission(
        f"object.?spec.?postgresql.?pg_hba.orValue([]).all(l, !{LINE}.matches({cel(OPEN)}) && "
        f"(!{LINE}.matches({cel(WITHOUT_TLS)}) || {LINE}.matches({cel(REJECTING)})))"
    ),
)
def postgresql_logins(obj: Object) -> Iterator[Finding]:
    settings = obj.spec.map("postgresql")
    for line in settings.texts("pg_hba"):
        said = line.partition("#")[0].lower()
        if way := re.search(OPEN, said):
            yield Finding(f"lets in by {way['method']}", settings.at("pg_hba"), line)
        elif (way := re.search(WITHOUT_TLS, said)) and not re.search(REJECTING, said):
            yield Finding(f"{way['kind']} lets in without TLS", settings.at("pg_hba"), line)
