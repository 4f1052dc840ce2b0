"""Load balancers: what they serve, and that no two serve the same."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem
from yiyun.site.hostnames import covers
from yiyun.site.model import Route

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def l4_serves_its_vpc(site: "Site", at: Places) -> Iterator[Problem]:
    """Backends of an L4 load balancer are VMs of its VPC, and its ports differ."""
    for i, l4 in enumerate(site.spec.load_balancers.l4):
        path = ("load_balancers", "l4", i)
        for j, name in enumerate(l4.vms):
            vpc = site.vpc_of_subnet(site.vm(name).subnet)
            if vpc.name != l4.vpc:
                yield Problem(
                    at.site(*path, "vms", j), f"load balancer {l4.name} of VPC {l4.vpc}: VM {name} is in {vpc.name}"
                )
            if name in l4.vms[:j]:
                yield Problem(at.site(*path, "vms", j), f"load balancer {l4.name} names VM {name} twice; keep one")
        for j, port in enumerate(l4.ports):
            for other in l4.ports[:j]:
                if port.name == other.name or (port.protocol, port.port) == (other.protocol, other.port):
                    text = f"load balancer {l4.name}: ports {other.name} and {port.name} share a name or a number"
                    yield Problem(at.site(*path, "ports", j), text)


def l7_routes_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Routes lead from a hostname of the load balancer to an HTTP application of its tenant."""
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        for j, route in enumerate(l7.routes):
            where = at.site("load_balancers", "l7", i, "routes", j)
            application = site.application(route.application)
            what = f"load balancer {l7.name}: route {route.host}{route.path}"
            if application.tenant != l7.tenant:
                yield Problem(where, f"{what}: application {application.name} is of tenant {application.tenant}")
            if application.protocol not in ("http", "h2c"):
                text = f"{what}: application {application.name} speaks {application.protocol}; write a stream"
                yield Problem(where, text)
            if route.websocket and application.protocol != "http":
                yield Problem(where, f"{what}: WebSocket needs an application of protocol http")
            if not any(covers(hostname, route.host) for hostname in l7.hostnames):
                yield Problem(where, f"{what}: {route.host} is none of {', '.join(l7.hostnames)}; add it to hostnames")
            if _key(route) in [_key(other) for other in l7.routes[:j]]:
                yield Problem(where, f"{what} is there twice; keep one")


def l7_streams_fit(site: "Site", at: Places) -> Iterator[Problem]:
    """Streams lead to applications of the tenant that speak their protocol; their ports are free."""
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        used: dict[tuple[str, int], str] = {("tcp", 80): "HTTP", ("tcp", 443): "HTTPS"}
        for j, stream in enumerate(l7.streams):
            where = at.site("load_balancers", "l7", i, "streams", j)
            application = site.application(stream.application)
            what = f"load balancer {l7.name}: stream {stream.name}"
            if application.tenant != l7.tenant:
                yield Problem(where, f"{what}: application {application.name} is of tenant {application.tenant}")
            if application.protocol != stream.protocol:
                text = f"{what} is {stream.protocol}, application {application.name} speaks {application.protocol}"
                yield Problem(where, text)
            if (stream.protocol, stream.port) in used:
                text = f"{what}: {stream.protocol} {stream.port} is taken by {used[stream.protocol, stream.port]}"
                yield Problem(where, text)
            used.setdefault((stream.protocol, stream.port), f"stream {stream.name}")
            if stream.name in [other.name for other in l7.streams[:j]]:
                yield Problem(where, f"{what} is there twice; name it otherwise")


def hostnames_belong_to_one_load_balancer(site: "Site", at: Places) -> Iterator[Problem]:
    """No two L7 load balancers serve one hostname."""
    owners: dict[str, str] = {}
    for i, l7 in enumerate(site.spec.load_balancers.l7):
        for j, hostname in enumerate(l7.hostnames):
            if hostname in owners:
                where = at.site("load_balancers", "l7", i, "hostnames", j)
                yield Problem(where, f"load balancers {owners[hostname]} and {l7.name} both serve {hostname}")
            owners.setdefault(hostname, l7.name)


def _key(route: Route) -> tuple[str, str]:
    return route.host, route.path
