"""The private line reaches several zones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.1-e",),
    scope="site",
    title_zh="专线跨可用区接入",
    title_en="The private line reaches several zones",
    rationale="With one hand-off, the old data centre is lost with one zone, or with one cable.",
    remediation="add a hand-off in another zone to network.private_line.handoffs",
)
def private_line_zones(site: Site) -> Iterator[Finding]:
    line = site.spec.network.private_line
    if line is None:
        raise NotApplicable("there is no private line")
    zones = {handoff.zone for handoff in line.handoffs}
    if len(zones) < 2:
        yield Finding(f"it is handed off in {', '.join(zones)} only", "network.private_line.handoffs", len(zones))
