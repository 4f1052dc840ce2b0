"""Databases name the networks that may log in."""

from collections.abc import Iterator
from ipaddress import ip_network

from yiyun.compliance import Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.2.1-d"),
    kinds=("oceanbase.oceanbase.com/OBTenant",),
    title_zh="数据库必须限定可登录的网段",
    title_en="Databases name the networks that may log in",
    rationale="A tenant of OceanBase without a white list takes logins from every address.",
    remediation=("Set connectWhiteList to the networks of the applications (site.yaml: allow_from of the database)."),
)
def database_network_access(obj: Object) -> Iterator[Finding]:
    text = obj.spec.text("connectWhiteList")
    for part in (item.strip() for item in (text or "%").split(",")):
        if part == "%" or _everybody(part):
            yield Finding("takes logins from every address", obj.spec.at("connectWhiteList"), text or None)


def _everybody(network: str) -> bool:
    """Whether a network is all there is; a name or a pattern is not."""
    try:
        return ip_network(network, strict=False).prefixlen <= 1
    except ValueError:
        return False
