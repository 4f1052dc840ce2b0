"""Databases name the networks that may log in."""

import re
from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel

OPEN = r"^[ \t\r\n]*$|(^|,)[ \t\r\n]*(%|[^,]*/(0*[01]|0\.0\.0\.0|128\.0\.0\.0|127\.255\.255\.255))[ \t\r\n]*(,|$)"
"""A white list that is empty, or names every address: as such, or by a network of half of them or more."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.2.1-d"),
    kinds=("oceanbase.oceanbase.com/OBTenant",),
    title_zh="数据库必须限定可登录的网段",
    title_en="Databases name the networks that may log in",
    rationale="A tenant of OceanBase without a white list takes logins from every address.",
    remediation=("Set connectWhiteList to the networks of the applications (site.yaml: allow_from of the database)."),
    admission=Admission(f"!object.?spec.?connectWhiteList.orValue('').matches({cel(OPEN)})"),
)
def database_network_access(obj: Object) -> Iterator[Finding]:
    text = obj.spec.text("connectWhiteList")
    if re.search(OPEN, text):
        yield Finding("takes logins from every address", obj.spec.at("connectWhiteList"), text or None)
