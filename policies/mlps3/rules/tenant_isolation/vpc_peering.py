"""A peering of VPCs is named on both sides."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, World, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-b",),
    kinds=("kubeovn.io/Vpc",),
    scope="objects",
    title_zh="VPC对等连接须双方声明",
    title_en="A peering of VPCs is named on both sides",
    rationale=(
        "VPCs of different tenants are isolated from each other; a way between them needs the consent of both owners."
    ),
    remediation=(
        "Name the peering in both VPCs (site.yaml: peers of each), remove it, or have it waived by the owner of "
        "the other VPC."
    ),
    references=("Kube-OVN: VPC Peering",),
)
def vpc_peering(obj: Object, world: World) -> Iterator[Finding]:
    peerings = obj.spec.maps("vpcPeerings")
    if not peerings:
        raise NotApplicable("no peerings")
    for peering in peerings:
        name = peering.text("remoteVpc")
        remote = world.get("kubeovn.io/Vpc", "", name)
        if remote is None:
            yield Finding(f"peers with {name}, which is not in the input", peering.at("remoteVpc"), name)
            continue
        back = [item.text("remoteVpc") for item in remote.elsewhere.map("spec").maps("vpcPeerings")]
        if obj.name not in back:
            yield Finding(f"peers with {name}, which does not peer back", peering.at("remoteVpc"), name)
