"""Network policies of a tenant's namespace: all is denied that its own workloads do not need (clause 8.1.3.2-a).

- `default-deny`: no pod receives or sends anything.
- `dns`: every pod may ask the cluster's DNS.
- `app.NAME`: an application is reached on its port by the proxies of the load balancers that route to it and by the
  tenant's applications, and reaches those and the tenant's databases.
- `db.NAME`: a database is reached on its client ports from `allow_from` and by the tenant's applications, and on all
  ports by itself and its operator; it reaches the object store (backups) and the API server (its agents' leases).
  `db.NAME.helpers` is the same for the connection pool of PostgreSQL and the backup jobs of TiDB.
- `image-import`: CDI's helper pods fetch images over HTTPS, never from the management or the storage network.

Machines need none: their security groups decide before network policies do, in Kube-OVN. A machine that has no group
is left with `default-deny`.
"""

from typing import Any

from yiyun.components.application import selector
from yiyun.components.gateway_class import OWNER_NAME, OWNER_NAMESPACE, PROXY_LABELS
from yiyun.components.kubernetes import Item
from yiyun.components.namespace import CDI, CNPG, ENVOY_GATEWAY, OCEANBASE, TIDB
from yiyun.components.network_rules import (
    Peer,
    Rule,
    api_server,
    default_deny,
    dns,
    elsewhere,
    network,
    object_gateways,
    one_of,
    policy,
    ports,
)
from yiyun.components.tidb import tidb_clusters
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Application, Database, Tenant

CLIENT_PORTS = {"oceanbase": (2881, 2883), "postgresql": (5432,), "tidb": (4000,)}
OPERATORS = {"oceanbase": OCEANBASE, "postgresql": CNPG, "tidb": TIDB}
TIDB_JOBS = {"app.kubernetes.io/managed-by": "backup-operator"}
"""Pods in which TiDB Operator runs backups."""


def own(
    tenant: Tenant, name: str, pods: dict[str, Any], ingress: list[Rule] | None = None, egress: list[Rule] | None = None
) -> dict[str, Any]:
    """A NetworkPolicy of a tenant."""
    return policy(tenant.name, name, pods, ingress, egress, {names.TENANT: tenant.name})


def protocol_of(app: Application) -> str:
    """Transport protocol of an application."""
    return "UDP" if app.protocol == "udp" else "TCP"


def proxies_of(site: Site, app: Application) -> list[Peer]:
    """The proxies of the load balancers that route to an application."""
    owners = [
        l7
        for l7 in site.spec.load_balancers.l7
        if app.name in {route.application for route in l7.routes} | {stream.application for stream in l7.streams}
    ]
    return [
        elsewhere(ENVOY_GATEWAY, {**PROXY_LABELS, OWNER_NAMESPACE: l7.tenant, OWNER_NAME: l7.name}) for l7 in owners
    ]


def database_pods(site: Site, database: Database) -> dict[str, Any]:
    """Selector of a database's pods, by the labels that its operator puts on them."""
    if database.engine == "oceanbase":
        return {"matchLabels": {"ref-obcluster": database.name}}
    if database.engine == "postgresql":
        return {"matchLabels": {"cnpg.io/cluster": database.name}}
    # The initializer, which sets the first password, carries the name of the database itself.
    return one_of("app.kubernetes.io/instance", [database.name, *tidb_clusters(site, database).values()])


def helper_pods(database: Database) -> dict[str, Any] | None:
    """Selector of pods beside the database's own: PostgreSQL's connection pool, TiDB's backup jobs."""
    if database.engine == "postgresql":
        return {"matchLabels": {names.DATABASE: database.name}}
    return {"matchLabels": TIDB_JOBS} if database.engine == "tidb" else None


def application_policy(site: Site, tenant: Tenant, app: Application) -> dict[str, Any]:
    """Who may talk to an application, and to whom it may talk."""
    all_apps = [each for each in site.spec.compute.applications if each.tenant == tenant.name]
    own_ports = ports(protocol_of(app), app.port)
    if app.protocol == "udp":  # asked about its health over TCP on the same number (application.py)
        own_ports += ports("TCP", app.port)
    siblings = {"podSelector": one_of(names.APPLICATION, [each.name for each in all_apps])}
    egress = [
        {"to": [{"podSelector": {"matchLabels": selector(each)}}], "ports": ports(protocol_of(each), each.port)}
        for each in all_apps
    ]
    for database in site.spec.databases:
        if database.tenant == tenant.name:
            selectors = [database_pods(site, database)]
            if database.engine == "postgresql":
                selectors.append({"matchLabels": {names.DATABASE: database.name}})
            logins = ports("TCP", *CLIENT_PORTS[database.engine])
            egress.append({"to": [{"podSelector": each} for each in selectors], "ports": logins})
    return own(
        tenant,
        f"app.{app.name}",
        {"matchLabels": selector(app)},
        ingress=[{"from": [*proxies_of(site, app), siblings], "ports": own_ports}],
        egress=egress,
    )


def database_policies(site: Site, tenant: Tenant, database: Database) -> list[dict[str, Any]]:
    """Who may talk to a database and to whom it may talk; the same for its helpers."""
    pods, helpers = database_pods(site, database), helper_pods(database)
    itself: list[Peer] = [{"podSelector": pods}]
    operator = {"from": [elsewhere(OPERATORS[database.engine])]}
    clients: list[Peer] = [network(each) for each in database.allow_from]
    apps = [app.name for app in site.spec.compute.applications if app.tenant == tenant.name]
    if apps:
        clients.append({"podSelector": one_of(names.APPLICATION, apps)})
    logins = {"from": clients, "ports": ports("TCP", *CLIENT_PORTS[database.engine])}
    outside = [object_gateways(), api_server(site)]
    manifests = []
    if helpers:
        ingress = [logins, operator] if database.engine == "postgresql" else None
        manifests = [own(tenant, f"db.{database.name}.helpers", helpers, ingress, [{"to": itself}, *outside])]
        itself = [*itself, {"podSelector": helpers}]
    ingress = [logins, {"from": itself}, operator]
    return [own(tenant, f"db.{database.name}", pods, ingress, [{"to": itself}, *outside]), *manifests]


def image_import(site: Site, tenant: Tenant) -> dict[str, Any]:
    """Lets CDI's helper pods fetch images, and copy disks among themselves."""
    helper = {"matchLabels": {"app": "containerized-data-importer"}}
    plan = site.spec.network
    forbidden = sorted(str(each) for each in (plan.management, plan.storage))
    return own(
        tenant,
        "image-import",
        helper,
        ingress=[{"from": [{"podSelector": helper}, elsewhere(CDI)], "ports": ports("TCP", 8443)}],
        egress=[
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": forbidden}}], "ports": ports("TCP", 443)},
            {"to": [{"podSelector": helper}], "ports": ports("TCP", 8443)},
        ],
    )


def has_machines(site: Site, tenant: Tenant) -> bool:
    """Whether a tenant has virtual machines."""
    return any(site.vpc_of_subnet(vm.subnet).tenant == tenant.name for vm in site.spec.compute.vms)


def network_policy_items(site: Site, spec: Tenant) -> list[Item]:
    """All network policies of one tenant."""
    manifests = [default_deny(spec.name, {names.TENANT: spec.name}), own(spec, "dns", {}, egress=[dns()])]
    manifests += [
        application_policy(site, spec, app) for app in site.spec.compute.applications if app.tenant == spec.name
    ]
    for database in site.spec.databases:
        if database.tenant == spec.name:
            manifests += database_policies(site, spec, database)
    if has_machines(site, spec):
        manifests.append(image_import(site, spec))
    return [Item(manifest) for manifest in manifests]
