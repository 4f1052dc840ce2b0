"""What all databases have in common: where their replicas run, where their disks lie, where their backups go.

Replicas run on exactly the hosts that site.yaml names by zone and CPU family, so that a lost zone takes one of them
(clause 8.1.4.9-c, hot redundancy). Backups go to a bucket of the object cluster, which does not share the fate of the
block cluster that holds the data. Passwords and keys are named, never written.
"""

from collections.abc import Iterable
from typing import Any

from yiyun.components.secret_refs import bucket_user, rgw_host
from yiyun.components.storage_class import block_class_name
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Database, DatabaseReplica

TIMEZONE = "Asia/Shanghai"


def metadata(database: Database, name: str | None = None) -> dict[str, Any]:
    """Metadata of an object of a database, named like the database unless told."""
    return {
        "name": name or database.name,
        "namespace": database.tenant,
        "labels": {names.TENANT: database.tenant, names.DATABASE: database.name},
    }


def node_labels(site: Site, replica: DatabaseReplica) -> dict[str, str]:
    """Labels of the hosts on which one replica may run."""
    return {
        names.ZONE: replica.zone,
        names.ARCH: site.arch_of(replica.cpu_family),
        names.CPU_FAMILY: replica.cpu_family.value,
        names.role_label("database"): "true",
    }


def node_affinity(site: Site, replicas: Iterable[DatabaseReplica]) -> dict[str, Any]:
    """Node affinity of replicas that share one pod template: any host that fits one of them."""
    places = {tuple(node_labels(site, replica).items()): None for replica in replicas}
    terms = [
        {"matchExpressions": [{"key": key, "operator": "In", "values": [value]} for key, value in place]}
        for place in places
    ]
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}


def spread_over_zones(selector: dict[str, str]) -> list[dict[str, Any]]:
    """Spread constraint: equally many of the selected pods in each zone."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": names.ZONE,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": selector},
        }
    ]


def apart_by_host(selector: dict[str, str]) -> dict[str, Any]:
    """Pod anti-affinity: no two of the selected pods on one host."""
    term = {"topologyKey": names.HOSTNAME, "labelSelector": {"matchLabels": selector}}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def storage_class(site: Site, database: Database) -> str:
    """StorageClass of a database's volumes."""
    return block_class_name(database.pool or site.default_pool.name)


def backup_host(site: Site, database: Database) -> str:
    """DNS name of the object store that holds the database's backups; it listens on 443 with TLS."""
    return rgw_host(bucket_user(site, database.backup_bucket).store)


def zone_count(database: Database) -> int:
    """Over how many zones the replicas are spread."""
    return len({replica.zone for replica in database.replicas})
