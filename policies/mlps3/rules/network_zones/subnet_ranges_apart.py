"""Ranges of subnets do not overlap."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from yiyun.compliance import Finding, Map, Object, Severity, Unevaluated, World, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.1-c",),
    kinds=("kubeovn.io/Subnet",),
    scope="objects",
    title_zh="子网地址段互不重叠",
    title_en="Ranges of subnets do not overlap",
    rationale="Two subnets with the same addresses cannot be told apart by any rule that names an address.",
    remediation="give the subnet a range of its own (cidr in site.yaml)",
    references=("Kube-OVN: Config Subnet",),
)
def subnet_ranges_apart(obj: Object, world: World) -> Iterator[Finding]:
    if not _ranges(obj.spec):
        raise Unevaluated(f"{obj.spec.at('cidrBlock')}: is required and absent")
    key = "overlaps of subnets"
    if key not in world.shared:
        world.shared[key] = _overlaps(world)
    for text in world.shared[key].get(id(obj), ()):
        yield Finding(text, obj.spec.at("cidrBlock"), obj.spec.text("cidrBlock"))


def _overlaps(world: World) -> dict[int, list[str]]:
    """What each subnet overlaps. In order of first addresses, one that overlaps any before it overlaps the one that ends last."""
    every = [
        (each, subnet) for subnet in world.all("kubeovn.io/Subnet") for each in _ranges(subnet.elsewhere.map("spec"))
    ]
    found: dict[int, list[str]] = {}
    widest: dict[int, tuple[IPv4Network | IPv6Network, Object]] = {}
    for own, subnet in sorted(
        every, key=lambda item: (item[0].version, int(item[0].network_address), item[0].prefixlen)
    ):
        last = widest.get(own.version)
        if last is not None and own.network_address <= last[0].broadcast_address:
            found.setdefault(id(subnet), []).append(f"{own} overlaps {last[0]} of {last[1].name}")
            found.setdefault(id(last[1]), []).append(f"{last[0]} overlaps {own} of {subnet.name}")
        if last is None or own.broadcast_address > last[0].broadcast_address:
            widest[own.version] = (own, subnet)
    return found


def _ranges(spec: Map) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(part.strip()) for part in spec.text("cidrBlock").split(",") if part.strip()]
    except ValueError:
        raise Unevaluated(f"{spec.at('cidrBlock')}: must be a network such as 198.18.0.0/24") from None
