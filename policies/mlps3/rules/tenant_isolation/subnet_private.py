"""Subnets of a VPC let only named networks in."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.networks import EVERYBODY, READABLE, is_everybody

DEFAULT_VPCS = ("", "ovn-cluster")


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-b", "8.1.2.1-d"),
    kinds=("kubeovn.io/Subnet",),
    title_zh="VPC子网必须为私有子网",
    title_en="Subnets of a VPC let only named networks in",
    rationale="A subnet that is not private takes traffic from every other subnet that can be routed to it.",
    remediation="Set spec.private to true and list in spec.allowSubnets the networks that may come in.",
    references=("Kube-OVN: Config Subnet, private and allowSubnets",),
    admission=Admission(
        f"object.?spec.?vpc.orValue('') in {cel(DEFAULT_VPCS)} || object.?spec.?vlan.orValue('') != ''"
        " || (object.?spec.?private.orValue(false) && object.?spec.?allowSubnets.orValue([])"
        f".all(n, {READABLE.format('n')} && !{EVERYBODY.format('n')}))"
    ),
)
def subnet_private(obj: Object) -> Iterator[Finding]:
    spec = obj.spec
    if spec.text("vpc") in DEFAULT_VPCS or spec.text("vlan"):
        raise NotApplicable("not a subnet inside a VPC of a tenant")
    if not spec.flag("private"):
        yield Finding("is not private", spec.at("private"), spec.flag("private"))
    for network in spec.texts("allowSubnets"):
        if is_everybody(network, spec.at("allowSubnets")):
            yield Finding(f"lets {network} in", spec.at("allowSubnets"), network)
