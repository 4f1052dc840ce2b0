"""Applications run in several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.1-e", "8.1.4.9-c"),
    scope="site",
    title_zh="应用跨可用区多副本运行",
    title_en="Applications run in several zones",
    rationale="A service with one copy, or with all of them in one zone, is down with it.",
    remediation="give the application two zones and two replicas or more in site.yaml",
)
def applications_zones(site: Site) -> Iterator[Finding]:
    for index, application in enumerate(site.spec.compute.applications):
        where = min(len(set(application.zones)), application.replicas)
        if where < 2:
            text = f"{application.name} runs in {where} zone with {application.replicas} replicas"
            yield Finding(text, f"compute.applications[{index}].zones", where)
