"""TiDB: the alternative to OceanBase, written for mixed chips.

One logical cluster is one TidbCluster object for each architecture; those after the first join it (`spec.cluster`).
Every replica of site.yaml brings one TiKV store, one SQL server and one placement driver, on the hosts that it names.
Placement drivers vote, so their total is odd: of an even number of replicas the last brings none. TiKV learns zone,
rack and host of its node, and no two copies of a region lie in one zone while three zones are there.

SQL clients get TLS (clause 8.1.4.7-a). A fresh TiDB has a root user without a password; an initializer sets the one
from the Secret. Snapshots every night and the change log all the time go to a bucket of the object cluster.
"""

import json
from typing import Any

import pulumi

from yiyun.components.certificate import service_certificate
from yiyun.components.database import TIMEZONE, backup_host, metadata, node_affinity, storage_class, zone_count
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.priority import DATABASE
from yiyun.components.quantity import gib
from yiyun.components.secret_refs import CA_KEY, SITE_CA, backup_s3_secret, database_secret
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Arch, Database, DatabaseReplica

VERSION = "v8.5.3"
API_VERSION = "pingcap.com/v1alpha1"
COPIES = 3
CLIENT_IMAGE = "pingcap/tidb-client:3.11"
BR_IMAGE = f"pingcap/br:{VERSION}"
CA_VOLUME = "site-ca"
CA_PATH = "/var/run/site-ca"
PLACEMENT_DRIVER = {"cpu": "1", "memory": "2Gi"}


def tidb_clusters(site: Site, database: Database) -> dict[Arch, str]:
    """TidbCluster names of one logical TiDB by architecture; the first is the one that the others join."""
    archs = dict.fromkeys(site.arch_of(replica.cpu_family) for replica in database.replicas)
    return {arch: f"{database.name}-{arch}" for arch in archs}


def sql_certificate(database: Database, cluster: str) -> dict[str, Any]:
    """The certificate of a TidbCluster's SQL port; TiDB Operator fixes its name."""
    service = f"{cluster}-tidb"
    dns_names = (service, f"{service}.{database.tenant}", f"{service}.{database.tenant}.svc")
    manifest = service_certificate(database.tenant, f"{cluster}-tidb-server-secret", dns_names)
    manifest["metadata"] |= metadata(database, manifest["metadata"]["name"])
    return manifest


def drivers(site: Site, database: Database) -> dict[Arch, int]:
    """Placement drivers of each architecture. Their total is odd."""
    replicas = database.replicas[:-1] if len(database.replicas) % 2 == 0 else database.replicas
    counts = dict.fromkeys(tidb_clusters(site, database), 0)
    for replica in replicas:
        counts[site.arch_of(replica.cpu_family)] += 1
    return counts


def placement_config(database: Database) -> str:
    """Configuration of the placement drivers (TOML): copies of a region lie apart by zone, rack and host."""
    locations = json.dumps([names.ZONE, names.RACK, names.HOSTNAME])
    lines = ["[replication]", f"location-labels = {locations}", f"max-replicas = {COPIES}"]
    if zone_count(database) >= COPIES:
        lines.append(f'isolation-level = "{names.ZONE}"')
    return "\n".join(lines) + "\n"


def trusted_ca() -> dict[str, Any]:
    """Fields of a component that must trust the object store's certificate."""
    return {
        "additionalVolumes": [{"name": CA_VOLUME, "secret": {"secretName": SITE_CA}}],
        "additionalVolumeMounts": [{"name": CA_VOLUME, "mountPath": CA_PATH, "readOnly": True}],
        "env": [{"name": "SSL_CERT_FILE", "value": f"{CA_PATH}/{CA_KEY}"}],
    }


def tidb_cluster(site: Site, database: Database, arch: Arch, replicas: list[DatabaseReplica]) -> dict[str, Any]:
    """The TidbCluster of one architecture."""
    clusters = tidb_clusters(site, database)
    first = next(iter(clusters.values()))
    registry = site.spec.registry
    volumes = storage_class(site, database)
    resources = {"cpu": str(database.cpus), "memory": gib(database.memory_gib)}
    config = placement_config(database)
    spec: dict[str, Any] = {
        "version": VERSION,
        "timezone": TIMEZONE,
        "pvReclaimPolicy": "Retain",
        "enableDynamicConfiguration": True,
        "configUpdateStrategy": "RollingUpdate",
        "priorityClassName": DATABASE,
        "nodeSelector": {names.ARCH: arch},
        "affinity": {"nodeAffinity": node_affinity(site, replicas)},
        "topologySpreadConstraints": [{"topologyKey": names.ZONE, "maxSkew": 1}],
        "discovery": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}},
        "pd": {
            "baseImage": f"{registry}/pingcap/pd",
            "replicas": drivers(site, database)[arch],
            "requests": {**PLACEMENT_DRIVER, "storage": "20Gi"},
            "limits": PLACEMENT_DRIVER,
            "storageClassName": volumes,
            "config": config,
        },
        "tikv": {
            "baseImage": f"{registry}/pingcap/tikv",
            "replicas": len(replicas),
            "requests": {**resources, "storage": gib(database.data_gib)},
            "limits": resources,
            "storageClassName": volumes,
            "storageVolumes": [
                {"name": "raft", "storageSize": gib(database.log_gib), "mountPath": "/var/lib/raft"},
            ],
            "config": '[raft-engine]\ndir = "/var/lib/raft"\n',
            **trusted_ca(),
        },
        "tidb": {
            "baseImage": f"{registry}/pingcap/tidb",
            "replicas": len(replicas),
            "requests": resources,
            "limits": resources,
            "service": {"type": "ClusterIP", "exposeStatus": False},
            "tlsClient": {"enabled": True, "disableClientAuthn": True},
            "config": '[log]\nlevel = "info"\n',
        },
    }
    if clusters[arch] != first:
        spec["cluster"] = {"name": first, "namespace": database.tenant}
    return {
        "apiVersion": API_VERSION,
        "kind": "TidbCluster",
        "metadata": metadata(database, clusters[arch]),
        "spec": spec,
    }


def initializer(site: Site, database: Database, first: str) -> dict[str, Any]:
    """Sets root's password once, from the Secret."""
    return {
        "apiVersion": API_VERSION,
        "kind": "TidbInitializer",
        "metadata": metadata(database),
        "spec": {
            "cluster": {"name": first, "namespace": database.tenant},
            "image": f"{site.spec.registry}/{CLIENT_IMAGE}",
            "passwordSecret": database_secret(database.name, "root"),
            "timezone": TIMEZONE,
            "resources": {
                "requests": {"cpu": "100m", "memory": "64Mi"},
                "limits": {"cpu": "500m", "memory": "256Mi"},
            },
        },
    }


def account_name(database: Database) -> str:
    """ServiceAccount of the backup jobs."""
    return f"{database.name}.backup"


def backup_rights(database: Database) -> list[dict[str, Any]]:
    """The account of the backup jobs, and what it may do: report on its own Backup objects."""
    name = account_name(database)
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(database, name)},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata(database, name),
            "rules": [
                {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
                {
                    "apiGroups": ["pingcap.com"],
                    "resources": ["backups", "restores"],
                    "verbs": ["get", "list", "watch", "update"],
                },
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata(database, name),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": database.tenant}],
        },
    ]


def backup_schedule(site: Site, database: Database, first: str) -> dict[str, Any]:
    """Nightly snapshots and the change log."""

    def template(folder: str, mode: str) -> dict[str, Any]:
        return {
            "backupMode": mode,
            "cleanPolicy": "Delete",
            "toolImage": f"{site.spec.registry}/{BR_IMAGE}",
            "serviceAccount": account_name(database),
            "br": {"cluster": first, "clusterNamespace": database.tenant, "sendCredToTikv": True},
            "s3": {
                "provider": "ceph",
                "endpoint": f"https://{backup_host(site, database)}",
                "bucket": database.backup_bucket,
                "prefix": f"{database.name}/{folder}",
                "secretName": backup_s3_secret(database.name),
                "forcePathStyle": True,
            },
            "resources": {
                "requests": {"cpu": "500m", "memory": "512Mi"},
                "limits": {"cpu": "2", "memory": "2Gi"},
            },
            **trusted_ca(),
        }

    return {
        "apiVersion": API_VERSION,
        "kind": "BackupSchedule",
        "metadata": metadata(database),
        "spec": {
            "schedule": "0 2 * * *",
            "maxReservedTime": f"{site.spec.backup.keep_days * 24}h",
            "backupTemplate": template("snapshot", "snapshot"),
            "logBackupTemplate": template("log", "log"),
        },
    }


def tidb_items(site: Site, database: Database) -> list[Item]:
    """The clusters of all architectures, root's password and the backups."""
    clusters = []
    for arch in tidb_clusters(site, database):
        replicas = [replica for replica in database.replicas if site.arch_of(replica.cpu_family) == arch]
        clusters.append(tidb_cluster(site, database, arch, replicas))
    first = clusters[0]["metadata"]["name"]
    after_first = (key(clusters[0]),)
    rights = backup_rights(database)
    certificates = [sql_certificate(database, cluster["metadata"]["name"]) for cluster in clusters]
    return [
        *(Item(certificate) for certificate in certificates),
        Item(clusters[0], holds_data=True, after=(key(certificates[0]),)),
        *(
            Item(cluster, holds_data=True, after=(*after_first, key(certificate)))
            for cluster, certificate in zip(clusters[1:], certificates[1:], strict=True)
        ),
        Item(initializer(site, database, first), after=after_first),
        *(Item(manifest) for manifest in rights),
        Item(backup_schedule(site, database, first), after=(*after_first, *(key(manifest) for manifest in rights))),
    ]


class TiDB(Component):
    """One TiDB service."""

    def __init__(self, name: str, site: Site, spec: Database, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("TiDB", name, site, tidb_items(site, spec), opts)
