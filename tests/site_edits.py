"""Edits of a loaded site for tests: a changed copy, without the checks of `Site.load`."""

from dataclasses import replace
from typing import Any

from yiyun.site import Site


def with_spec(site: Site, **changes: Any) -> Site:
    """A copy of the site with some fields of site.yaml replaced."""
    return replace(site, spec=site.spec.model_copy(update=changes))


def with_network(site: Site, **changes: Any) -> Site:
    """A copy with some fields of `network` replaced."""
    return with_spec(site, network=site.spec.network.model_copy(update=changes))


def with_vpc(site: Site, name: str, **changes: Any) -> Site:
    """A copy with some fields of one VPC replaced."""
    vpcs = tuple(vpc.model_copy(update=changes) if vpc.name == name else vpc for vpc in site.spec.network.vpcs)
    return with_network(site, vpcs=vpcs)


def with_l7(site: Site, name: str, **changes: Any) -> Site:
    """A copy with some fields of one layer-7 load balancer replaced."""
    balancers = site.spec.load_balancers
    l7 = tuple(each.model_copy(update=changes) if each.name == name else each for each in balancers.l7)
    return with_spec(site, load_balancers=balancers.model_copy(update={"l7": l7}))
