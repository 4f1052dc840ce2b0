"""Every VLAN to the outside is consented to in site.yaml."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.10.6-j",),
    kinds=("kubeovn.io/Vlan",),
    needs_site=True,
    title_zh="专线接入均经site.yaml批准",
    title_en="Every VLAN to the outside is consented to in site.yaml",
    rationale="A VLAN that nobody has written down may lead to another house.",
    remediation="add the hand-off to network.private_line in site.yaml, or delete the Vlan",
)
def private_line_listed(obj: Object, site: Site) -> Iterator[Finding]:
    number = obj.spec.number("id") or 0
    if number == 0:
        raise NotApplicable("untagged: the external network itself")
    line = site.spec.network.private_line
    if number not in {handoff.vlan for handoff in (line.handoffs if line else ())}:
        yield Finding(f"VLAN {number} is no hand-off of site.yaml", obj.spec.at("id"), number)
