"""A host's network cards and packets since it was started, as rules see them."""

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts

LEAST_DAYS = 7
"""A week has its busiest hours."""
MOST_LOST = 1 / 100_000
"""Share of packets."""


def want_a_week(links: Facts) -> None:
    """Raise Unevaluated where the host's busiest hours are still to come."""
    days = links.number("up_days")
    if days < LEAST_DAYS:
        raise Unevaluated(f"{links.at('up_days')}: the host is up for {days} days; its busiest hours are not known yet")
