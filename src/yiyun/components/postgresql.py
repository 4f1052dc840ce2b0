"""PostgreSQL by CloudNativePG: one primary, standbys in other zones, a connection pool in front.

- A commit waits for at least one standby (`synchronous`), so the loss of a zone loses no transaction (clause
  8.1.4.9-c); with three or more instances a failover happens only when the standby is known to have everything.
- Instances of one cluster share an architecture: physical replication over different ones is not supported.
- Clients come from `allow_from` or through the pool, always with TLS and SCRAM passwords (clauses 8.1.4.1-a,
  8.1.4.7-a); every other address is refused. Logins, schema changes and role changes are logged (clause 8.1.4.3-a).
- The write-ahead log goes to a bucket of the object cluster as it is written, a base backup every night.
"""

from typing import Any

import pulumi

from yiyun.components.database import (
    backup_host,
    metadata,
    node_affinity,
    spread_over_zones,
    storage_class,
    zone_count,
)
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.priority import DATABASE
from yiyun.components.quantity import gib
from yiyun.components.secret_refs import CA_KEY, S3_KEYS, SITE_CA, backup_s3_secret, database_secret, sql_name
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Database

IMAGE = "cloudnative-pg/postgresql:17.6-standard-bookworm"
BARMAN = "barman-cloud.cloudnative-pg.io"
MAX_CONNECTIONS = 400
POOL_CLIENTS = 2000


def instance_labels(database: Database) -> dict[str, str]:
    """Labels of the instances' pods; those of the pool carry the first one too."""
    return {"cnpg.io/cluster": database.name, "cnpg.io/podRole": "instance"}


def host_rules(site: Site, database: Database) -> list[str]:
    """Lines of pg_hba.conf: who may log in. CloudNativePG puts its own for replication and pool before them."""
    networks = [*database.allow_from, site.spec.network.pods]
    return [
        *(f"hostssl all all {network} scram-sha-256" for network in networks),
        "host all all all reject",
    ]


def parameters(database: Database) -> dict[str, str]:
    """Settings of postgresql.conf; a quarter of the memory is shared buffers."""
    return {
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": f"{database.memory_gib * 1024 // 4}MB",
        "ssl_min_protocol_version": "TLSv1.2",
        "log_connections": "on",
        "log_disconnections": "on",
        "log_statement": "ddl",
        "pgaudit.log": "ddl,role",
    }


def pg_cluster(site: Site, database: Database) -> dict[str, Any]:
    """The CloudNativePG Cluster."""
    instances = len(database.replicas)
    volumes = storage_class(site, database)
    resources = {"cpu": str(database.cpus), "memory": gib(database.memory_gib)}
    postgresql: dict[str, Any] = {"parameters": parameters(database), "pg_hba": host_rules(site, database)}
    if instances > 1:
        postgresql["synchronous"] = {
            "method": "any",
            "number": 1,
            "dataDurability": "required",
            "failoverQuorum": instances > 2,
        }
    user = sql_name(database.name)
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": metadata(database),
        "spec": {
            "instances": instances,
            "imageName": f"{site.spec.registry}/{IMAGE}",
            "primaryUpdateStrategy": "unsupervised",
            "primaryUpdateMethod": "switchover",
            "enableSuperuserAccess": False,
            "enablePDB": True,
            "priorityClassName": DATABASE,
            "affinity": {
                "enablePodAntiAffinity": True,
                "podAntiAffinityType": "required",
                "topologyKey": names.HOSTNAME,
                "nodeAffinity": node_affinity(site, database.replicas),
            },
            "topologySpreadConstraints": spread_over_zones(instance_labels(database)),
            "resources": {"requests": resources, "limits": resources},
            "postgresql": postgresql,
            "bootstrap": {
                "initdb": {
                    "database": user,
                    "owner": user,
                    "secret": {"name": database_secret(database.name, "owner")},
                    "encoding": "UTF8",
                    "localeProvider": "builtin",
                    "builtinLocale": "C.UTF-8",
                    "dataChecksums": True,
                }
            },
            "storage": {"storageClass": volumes, "size": gib(database.data_gib)},
            "walStorage": {"storageClass": volumes, "size": gib(database.log_gib)},
            "plugins": [
                {"name": BARMAN, "isWALArchiver": True, "parameters": {"barmanObjectName": database.name}},
            ],
        },
    }


def backup_store(site: Site, database: Database) -> dict[str, Any]:
    """Where base backups and the write-ahead log go: a bucket of the object cluster."""
    secret = backup_s3_secret(database.name)
    access, secret_key = S3_KEYS["postgresql"]
    return {
        "apiVersion": "barmancloud.cnpg.io/v1",
        "kind": "ObjectStore",
        "metadata": metadata(database),
        "spec": {
            "retentionPolicy": f"{site.spec.backup.keep_days}d",
            "configuration": {
                "destinationPath": f"s3://{database.backup_bucket}/{database.name}",
                "endpointURL": f"https://{backup_host(site, database)}",
                "endpointCA": {"name": SITE_CA, "key": CA_KEY},
                "s3Credentials": {
                    "accessKeyId": {"name": secret, "key": access},
                    "secretAccessKey": {"name": secret, "key": secret_key},
                },
                "wal": {"compression": "gzip", "maxParallel": 4},
                "data": {"compression": "gzip", "jobs": 2},
            },
        },
    }


def nightly_backup(database: Database) -> dict[str, Any]:
    """A base backup at 3 o'clock every night, and one at once. The cron line has seconds."""
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "ScheduledBackup",
        "metadata": metadata(database),
        "spec": {
            "schedule": "0 0 3 * * *",
            "immediate": True,
            "backupOwnerReference": "self",
            "cluster": {"name": database.name},
            "target": "prefer-standby",
            "method": "plugin",
            "pluginConfiguration": {"name": BARMAN},
        },
    }


def pooler(database: Database) -> dict[str, Any]:
    """The connection pool that follows the primary."""
    name = f"{database.name}-pool"
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Pooler",
        "metadata": metadata(database, name),
        "spec": {
            "cluster": {"name": database.name},
            "type": "rw",
            "instances": max(2, zone_count(database)),
            "pgbouncer": {
                "poolMode": "transaction",
                "parameters": {"max_client_conn": str(POOL_CLIENTS), "default_pool_size": "50"},
            },
            "template": {
                "metadata": {"labels": metadata(database)["labels"]},
                "spec": {
                    "containers": [
                        {
                            "name": "pgbouncer",
                            "resources": {
                                "requests": {"cpu": "250m", "memory": "128Mi"},
                                "limits": {"cpu": "1", "memory": "256Mi"},
                            },
                        }
                    ],
                    "priorityClassName": DATABASE,
                    "topologySpreadConstraints": spread_over_zones({"cnpg.io/poolerName": name}),
                },
            },
        },
    }


def postgresql_items(site: Site, database: Database) -> list[Item]:
    """The cluster, its backups and its connection pool."""
    store, cluster = backup_store(site, database), pg_cluster(site, database)
    return [
        Item(store),
        Item(cluster, holds_data=True, after=(key(store),)),
        Item(nightly_backup(database), after=(key(cluster),)),
        Item(pooler(database), after=(key(cluster),)),
    ]


class PostgreSQL(Component):
    """One PostgreSQL service."""

    def __init__(self, name: str, site: Site, spec: Database, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("PostgreSQL", name, site, postgresql_items(site, spec), opts)
