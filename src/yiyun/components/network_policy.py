"""Network policies of a tenant's namespace: all is denied that its own workloads do not need (clause 8.1.3.2-a).

- `default-deny`: no pod receives or sends anything.
- `dns`: every pod may ask the cluster's DNS.
- `app.NAME`: an application is reached on its port by the proxies of the load balancers that route to it and by the
  tenant's other applications, and reaches those and the tenant's databases.
- `db.NAME`: a database is reached on its client ports from `allow_from` and by the tenant's applications, and on all
  ports by itself and its operator; it reaches the object store (backups) and the API server (its agents' leases).
- `image-import`: CDI's helper pods fetch images over HTTPS, never from the management or the storage network.

Machines need none: their security groups decide before network policies do, in Kube-OVN. A machine that has no group
is left with `default-deny`.
"""

from typing import Any

from yiyun.components.application import selector
from yiyun.components.gateway_class import OWNER_NAME, OWNER_NAMESPACE, PROXY_LABELS
from yiyun.components.kubernetes import Item
from yiyun.components.namespace import CDI, CNPG, ENVOY_GATEWAY, KUBE_SYSTEM, OCEANBASE, TIDB
from yiyun.components.secret_refs import OBJECT_NAMESPACE
from yiyun.components.tidb import tidb_clusters
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Application, Database, Tenant

API_PORT = 6443
CLIENT_PORTS = {"oceanbase": (2881, 2883), "postgresql": (5432,), "tidb": (4000,)}
OPERATORS = {"oceanbase": OCEANBASE, "postgresql": CNPG, "tidb": TIDB}
TIDB_JOBS = {"app.kubernetes.io/managed-by": "backup-operator"}
"""Pods in which TiDB Operator runs backups."""

Peer = dict[str, Any]


def policy(
    tenant: Tenant,
    name: str,
    pods: dict[str, Any],
    ingress: list[dict[str, Any]] | None = None,
    egress: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A NetworkPolicy. A direction without rules (None) is left to the other policies."""
    spec: dict[str, Any] = {"podSelector": pods, "policyTypes": []}
    if ingress is not None:
        spec |= {"policyTypes": ["Ingress"], "ingress": ingress}
    if egress is not None:
        spec |= {"policyTypes": [*spec["policyTypes"], "Egress"], "egress": egress}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": tenant.name, "labels": {names.TENANT: tenant.name}},
        "spec": spec,
    }


def ports(protocol: str, *numbers: int) -> list[dict[str, Any]]:
    """Ports of a rule."""
    return [{"protocol": protocol, "port": number} for number in numbers]


def one_of(label: str, values: list[str]) -> dict[str, Any]:
    """A pod selector: `label` has one of `values`."""
    return {"matchExpressions": [{"key": label, "operator": "In", "values": sorted(values)}]}


def elsewhere(namespace: str, pods: dict[str, str] | None = None) -> Peer:
    """Pods of another namespace; all of them, or those with the labels `pods`."""
    peer: Peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    return peer | {"podSelector": {"matchLabels": pods}} if pods else peer


def default_deny(tenant: Tenant) -> dict[str, Any]:
    """Denies everything, in both directions, to every pod."""
    denied = policy(tenant, "default-deny", {})
    denied["spec"]["policyTypes"] = ["Ingress", "Egress"]
    return denied


def dns(tenant: Tenant) -> dict[str, Any]:
    """Lets every pod resolve names."""
    resolvers = [elsewhere(KUBE_SYSTEM, {"k8s-app": "kube-dns"})]
    return policy(tenant, "dns", {}, egress=[{"to": resolvers, "ports": ports("UDP", 53) + ports("TCP", 53)}])


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
    return one_of("app.kubernetes.io/instance", list(tidb_clusters(site, database).values()))


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
        if each.name != app.name
    ]
    egress += [
        {
            "to": [{"podSelector": database_pods(site, database)}],
            "ports": ports("TCP", *CLIENT_PORTS[database.engine]),
        }
        for database in site.spec.databases
        if database.tenant == tenant.name
    ]
    return policy(
        tenant,
        f"app.{app.name}",
        {"matchLabels": selector(app)},
        ingress=[{"from": [*proxies_of(site, app), siblings], "ports": own_ports}],
        egress=egress,
    )


def api_server(site: Site) -> dict[str, Any]:
    """Rule that lets pods reach the API server: its Service address, and the control hosts behind it."""
    hosts = [f"{host.address}/32" for host in site.hosts_in(role="control")]
    service = f"{site.spec.network.services[1]}/32"
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in [service, *hosts]]
    return {"to": peers, "ports": ports("TCP", 443, API_PORT)}


def object_store() -> dict[str, Any]:
    """Rule that lets pods reach the gateways of the object stores."""
    return {"to": [elsewhere(OBJECT_NAMESPACE, {"app": "rook-ceph-rgw"})], "ports": ports("TCP", 443)}


def database_policies(site: Site, tenant: Tenant, database: Database) -> list[dict[str, Any]]:
    """Who may talk to a database, to whom it may talk, and the same for TiDB's backup jobs."""
    pods = database_pods(site, database)
    itself: list[Peer] = [{"podSelector": pods}]
    clients: list[Peer] = [{"ipBlock": {"cidr": str(network)}} for network in database.allow_from]
    apps = [app.name for app in site.spec.compute.applications if app.tenant == tenant.name]
    if apps:
        clients.append({"podSelector": one_of(names.APPLICATION, apps)})
    outside = [object_store(), api_server(site)]
    jobs: list[dict[str, Any]] = []
    if database.engine == "tidb":
        job = {"matchLabels": TIDB_JOBS}
        itself.append({"podSelector": job})
        jobs = [policy(tenant, f"db.{database.name}.jobs", job, egress=[{"to": [{"podSelector": pods}]}, *outside])]
    ingress = [
        {"from": clients, "ports": ports("TCP", *CLIENT_PORTS[database.engine])},
        {"from": [*itself, elsewhere(OPERATORS[database.engine])]},
    ]
    egress = [{"to": itself}, *outside]
    if database.engine == "postgresql":
        egress.append({"to": [elsewhere(CNPG)]})  # instances talk to the backup plugin there
    return [policy(tenant, f"db.{database.name}", pods, ingress, egress), *jobs]


def image_import(site: Site, tenant: Tenant) -> dict[str, Any]:
    """Lets CDI's helper pods fetch images, and copy disks among themselves."""
    helper = {"matchLabels": {"app": "containerized-data-importer"}}
    network = site.spec.network
    forbidden = sorted(str(each) for each in (network.management, network.storage))
    return policy(
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
    manifests = [default_deny(spec), dns(spec)]
    manifests += [
        application_policy(site, spec, app) for app in site.spec.compute.applications if app.tenant == spec.name
    ]
    for database in site.spec.databases:
        if database.tenant == spec.name:
            manifests += database_policies(site, spec, database)
    if has_machines(site, spec):
        manifests.append(image_import(site, spec))
    return [Item(manifest) for manifest in manifests]
