"""No tenant has a higher level than the platform."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-a",),
    scope="site",
    title_zh="平台不承载高于自身等级的系统",
    title_en="No tenant has a higher level than the platform",
    rationale="A platform must not carry systems of a higher level than its own.",
    remediation="Lower the tenant's mlps_level if it is wrong, or carry the tenant on a platform of its level.",
)
def tenant_mlps_level(site: Site) -> Iterator[Finding]:
    for index, tenant in enumerate(site.spec.tenants):
        if tenant.mlps_level > site.spec.mlps_level:
            text = f"tenant {tenant.name} has level {tenant.mlps_level}, the platform {site.spec.mlps_level}"
            yield Finding(text, f"tenants[{index}].mlps_level", tenant.mlps_level)
