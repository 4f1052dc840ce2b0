"""All tenants' data stay in China."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.2.4.5-a",),
    scope="site",
    title_zh="客户数据存储于境内",
    title_en="All tenants' data stay in China",
    rationale=(
        "Customers' data and personal information are stored in the country; taking them out follows the state's rules."
    ),
    remediation=(
        "Set data_country of the tenant to CN, or have the transfer approved and the finding waived with the "
        "approval's number."
    ),
)
def data_in_country(site: Site) -> Iterator[Finding]:
    for index, tenant in enumerate(site.spec.tenants):
        if tenant.data_country != "CN":
            text = f"data of tenant {tenant.name} are kept in {tenant.data_country}"
            yield Finding(text, f"tenants[{index}].data_country", tenant.data_country)
