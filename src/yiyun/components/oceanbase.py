"""OceanBase: the default relational service. Three Paxos replicas, one in each zone, survive the loss of a zone.

Each replica gets its own node selector (zone, architecture, CPU family): one zone may run on ARM. Its maker has not
confirmed zones of one cluster on different architectures, so the gate reports such a database. Phytium is not offered:
the published observer image wants CPU instructions (LSE) that its cores lack.

Full backups on Saturdays, incremental ones on Mondays, Wednesdays and Fridays, the log all the time, to a bucket of the
object cluster (clause 8.1.4.9-a). The observer image must trust the site's CA: OceanBase takes no CA of its own.
"""

import zlib
from collections import Counter
from typing import Any

import pulumi

from yiyun.components.database import (
    apart_by_host,
    backup_host,
    metadata,
    node_labels,
    storage_class,
)
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.priority import DATABASE
from yiyun.components.quantity import gib
from yiyun.components.secret_refs import backup_s3_secret, database_secret, sql_name
from yiyun.errors import UserError
from yiyun.site import Site
from yiyun.site.model import CpuFamily, Database, DatabaseReplica

OBSERVER_IMAGE = "oceanbase/oceanbase-cloud-native:4.3.5.4"
AGENT_IMAGE = "oceanbase/obagent:4.3.1"
LOG_VOLUME_GIB = 50
"""Room for the observer's own text logs."""
SYSTEM_USERS = ("root", "proxyro", "monitor", "operator")
API_VERSION = "oceanbase.oceanbase.com/v1alpha1"


def paxos_zones(database: Database) -> dict[str, DatabaseReplica]:
    """OceanBase zones and their replicas: named like the availability zone, numbered where it holds several."""
    seen: Counter[str] = Counter()
    zones = {}
    for replica in database.replicas:
        seen[replica.zone] += 1
        number = seen[replica.zone]
        zones[replica.zone.replace("-", "") + (f"n{number}" if number > 1 else "")] = replica
    return zones


def cluster_id(database: Database) -> int:
    """A number of the cluster that never changes while its name does not: 1 to 4,294,967,295."""
    return zlib.crc32(f"{database.tenant}/{database.name}".encode()) or 1


def ob_cluster(site: Site, database: Database) -> dict[str, Any]:
    """The OBCluster: one observer in each Paxos zone."""
    volumes = storage_class(site, database)
    pods = {"ref-obcluster": database.name}
    return {
        "apiVersion": API_VERSION,
        "kind": "OBCluster",
        "metadata": metadata(database),
        "spec": {
            "clusterName": database.name.replace("-", ""),
            "clusterId": cluster_id(database),
            "userSecrets": {user: database_secret(database.name, user) for user in SYSTEM_USERS},
            "topology": [
                {
                    "zone": zone,
                    "replica": 1,
                    "nodeSelector": node_labels(site, replica),
                    "affinity": {"podAntiAffinity": apart_by_host(pods)},
                }
                for zone, replica in paxos_zones(database).items()
            ],
            "observer": {
                "image": f"{site.spec.registry}/{OBSERVER_IMAGE}",
                "podFields": {"priorityClassName": DATABASE},
                "resource": {"cpu": database.cpus, "memory": gib(database.memory_gib)},
                "storage": {
                    "dataStorage": {"storageClass": volumes, "size": gib(database.data_gib)},
                    "redoLogStorage": {"storageClass": volumes, "size": gib(database.log_gib)},
                    "logStorage": {"storageClass": volumes, "size": gib(LOG_VOLUME_GIB)},
                },
            },
            "monitor": {
                "image": f"{site.spec.registry}/{AGENT_IMAGE}",
                "resource": {"cpu": 1, "memory": "1Gi"},
            },
        },
    }


def ob_tenant(database: Database) -> dict[str, Any]:
    """The OBTenant that users connect to, with half of each observer; the rest is the system's."""
    zones = paxos_zones(database)
    resource = {
        "minCPU": max(1, database.cpus // 2),
        "maxCPU": max(1, database.cpus // 2),
        "memorySize": gib(max(1, database.memory_gib // 2)),
        "logDiskSize": gib(max(1, database.log_gib // 2)),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "OBTenant",
        "metadata": metadata(database),
        "spec": {
            "obcluster": database.name,
            "tenantName": sql_name(database.name),
            "unitNum": 1,
            "charset": "utf8mb4",
            "connectWhiteList": ",".join(str(network) for network in database.allow_from),
            "forceDelete": False,
            "credentials": {
                "root": database_secret(database.name, "tenant-root"),
                "standbyRo": database_secret(database.name, "tenant-standbyro"),
            },
            "pools": [
                {
                    "zone": zone,
                    "priority": len(zones) - index,
                    "type": {"name": "Full", "replica": 1, "isActive": True},
                    "resource": resource,
                }
                for index, zone in enumerate(zones)
            ],
        },
    }


def backup_policy(site: Site, database: Database) -> dict[str, Any]:
    """The OBTenantBackupPolicy.

    It names the tenant by name and password, not by its object: ob-operator refuses a policy for an OBTenant object
    that is not running yet, and both are made in one up.
    """
    place = f"host={backup_host(site, database)}&addressing_model=path_style"

    def destination(folder: str) -> dict[str, Any]:
        return {
            "type": "S3_COMPATIBLE",
            "path": f"s3://{database.backup_bucket}/{database.name}/{folder}?{place}",
            "ossAccessSecret": backup_s3_secret(database.name),
        }

    return {
        "apiVersion": API_VERSION,
        "kind": "OBTenantBackupPolicy",
        "metadata": metadata(database),
        "spec": {
            "obClusterName": database.name,
            "tenantName": sql_name(database.name),
            "tenantSecret": database_secret(database.name, "tenant-root"),
            "jobKeepWindow": "7d",
            "dataClean": {"recoveryWindow": f"{site.spec.backup.keep_days}d"},
            "logArchive": {"destination": destination("log"), "switchPieceInterval": "1d"},
            "dataBackup": {
                "destination": destination("data"),
                "fullCrontab": "0 2 * * 6",
                "incrementalCrontab": "0 2 * * 1,3,5",
            },
        },
    }


def oceanbase_items(site: Site, database: Database) -> list[Item]:
    """The cluster, its tenant and the tenant's backups. Raises UserError for a replica on Phytium."""
    if any(replica.cpu_family is CpuFamily.PHYTIUM for replica in database.replicas):
        raise UserError(
            f"database {database.name}: OceanBase does not run on phytium (its image needs LSE instructions); "
            "name another cpu_family for that replica"
        )
    cluster, tenant = ob_cluster(site, database), ob_tenant(database)
    return [
        Item(cluster, holds_data=True),
        Item(tenant, holds_data=True, after=(key(cluster),)),
        Item(backup_policy(site, database), after=(key(tenant),)),
    ]


class OceanBase(Component):
    """One OceanBase service."""

    def __init__(self, name: str, site: Site, spec: Database, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("OceanBase", name, site, oceanbase_items(site, spec), opts)
