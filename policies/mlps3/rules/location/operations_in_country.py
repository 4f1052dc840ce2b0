"""The platform is operated from named networks in China."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NeedsPerson, Severity, rule
from yiyun.site import Site

WIDEST = 8
"""Shortest prefix that can still be one organisation's network: 10.0.0.0/8."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.7.1-a",),
    scope="site",
    title_zh="运维地点位于境内",
    title_en="The platform is operated from named networks in China",
    rationale="A cloud in the country is operated from the country; where a network lies, no address tells.",
    remediation=("List in network.operations only the networks of the bastions, and keep evidence of where they are."),
)
def operations_in_country(site: Site) -> Iterator[Finding]:
    networks = site.spec.network.operations
    for index, network in enumerate(networks):
        if network.prefixlen < WIDEST:
            text = f"{network} is not a network of bastions but the whole world's"
            yield Finding(text, f"network.operations[{index}]", str(network))
    raise NeedsPerson(f"show where the operations networks lie: {', '.join(map(str, networks))}")
