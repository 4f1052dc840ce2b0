"""Rules of security groups."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.model import SecurityGroupRule

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def security_group_rules_are_whole(site: "Site", at: Places) -> Iterator[Problem]:
    """A rule names one other side, and ports only where the protocol has them."""
    for i, vpc in enumerate(site.spec.network.vpcs):
        for j, group in enumerate(vpc.security_groups):
            for side, rules in (("ingress", group.ingress), ("egress", group.egress)):
                for k, rule in enumerate(rules):
                    for text in _rule_faults(rule):
                        where = at.site("network", "vpcs", i, "security_groups", j, side, k)
                        yield Problem(where, f"security group {group.name}: {text}")


def _rule_faults(rule: SecurityGroupRule) -> Iterator[str]:
    if (rule.cidr is None) == (rule.group is None):
        yield "a rule names exactly one of cidr and group"
    if rule.ports is not None:
        first, _, last = rule.ports.partition("-")
        if rule.protocol not in ("tcp", "udp"):
            yield f"protocol {rule.protocol} has no ports; remove them"
        elif not 1 <= int(first) <= int(last or first) <= 65535:
            yield f"ports {rule.ports} are not a range between 1 and 65535, smaller first"
