"""The object cluster: buckets, and the backups of everything that lives in the block cluster.

One CephCluster in `rook-ceph-object`, one CephObjectStore for each entry of `storage.object_stores`, and one
CephObjectStoreUser with quotas for each of `storage.object_users`.

- The index pools of a store are always replicated; only its data pool may use erasure code.
- Gateways speak TLS only (clause 8.1.4.7-a); there is no plain-text port. Each store runs at least one in every zone
  that it serves, and writes a log line for every request (clause 8.1.4.3).
- Objects of 512 GiB upload in 10,000 parts of up to 5 GiB.
- Gateways read their certificate at start only, so it lives a year: restart them within the last 60 days of it.
- A user's S3 keys come from a Secret that `./yiyun secrets init` makes.
"""

from typing import Any

import pulumi

from yiyun.components.ceph_block import block_pool, manager_pool
from yiyun.components.ceph_cluster import ceph_cluster
from yiyun.components.ceph_pool import pool_spec, small_pool_spec
from yiyun.components.certificate import service_certificate
from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.quantity import gib
from yiyun.components.secret_refs import OBJECT_NAMESPACE, rgw_host, s3_user_secret
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import ObjectUser, Pool, Storage

MAX_PARTS = 10_000
MAX_PART_BYTES = 5 * 2**30


def gateway_certificate_name(store: Pool) -> str:
    """Certificate, and Secret, of an object store's gateways."""
    return f"rgw-{store.name}-tls"


def gateway_certificate(store: Pool) -> dict[str, Any]:
    """The certificate of an object store's gateways."""
    host = rgw_host(store.name)
    names_in_dns = (host, f"{host}.cluster.local")
    return service_certificate(OBJECT_NAMESPACE, gateway_certificate_name(store), names_in_dns, 365, 60)


def gateway(store: Pool) -> dict[str, Any]:
    """CephObjectStore.spec.gateway: TLS only, spread over the zones of the store."""
    spread = {
        "maxSkew": 1,
        "topologyKey": names.ZONE,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "rook-ceph-rgw", "rook_object_store": store.name}},
    }
    where = [
        {"key": names.role_label("storage_object"), "operator": "In", "values": ["true"]},
        {"key": names.ZONE, "operator": "In", "values": list(store.zones)},
    ]
    return {
        "instances": max(2, len(store.zones)),
        "securePort": 443,
        "sslCertificateRef": gateway_certificate_name(store),
        "hostNetwork": False,
        "priorityClassName": "system-cluster-critical",
        "placement": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": where}]}
            },
            "topologySpreadConstraints": [spread],
        },
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}},
        "opsLogSidecar": {
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        },
        "rgwConfig": {
            "rgw_multipart_part_upload_limit": str(MAX_PARTS),
            "rgw_max_put_size": str(MAX_PART_BYTES),
        },
    }


def object_store(site: Site, store: Pool) -> dict[str, Any]:
    """The CephObjectStore of one data pool."""
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephObjectStore",
        "metadata": {"name": store.name, "namespace": OBJECT_NAMESPACE},
        "spec": {
            "preservePoolsOnDelete": True,
            "metadataPool": small_pool_spec(site, store, "object"),
            "dataPool": pool_spec(site, store, "object", bulk=True),
            "protocols": {"enableAPIs": ["s3", "admin"]},
            "gateway": gateway(store),
        },
    }


def object_user(user: ObjectUser) -> dict[str, Any]:
    """The CephObjectStoreUser of a tenant, with quotas and with keys by reference."""
    secret = s3_user_secret(user.name)
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephObjectStoreUser",
        "metadata": {"name": user.name, "namespace": OBJECT_NAMESPACE, "labels": {names.TENANT: user.tenant}},
        "spec": {
            "store": user.store,
            "displayName": f"{user.name} of {user.tenant}",
            "quotas": {"maxBuckets": user.max_buckets, "maxSize": gib(user.max_size_gib)},
            "keys": [
                {
                    "accessKeyRef": {"name": secret, "key": "access-key"},
                    "secretKeyRef": {"name": secret, "key": "secret-key"},
                }
            ],
        },
    }


def ceph_object_items(site: Site, spec: Storage) -> list[Item]:
    """The object cluster with its stores and users."""
    cluster = ceph_cluster(site, "object", OBJECT_NAMESPACE, "/var/lib/rook-object", encrypt_wire=True)
    after_cluster = (key(cluster),)
    first = spec.object_stores[0]
    realms = {"name": ".rgw.root", "application": "rgw", **small_pool_spec(site, first, "object")}
    certificates = {store.name: gateway_certificate(store) for store in spec.object_stores}
    after_store = {store.name: (f"CephObjectStore/{OBJECT_NAMESPACE}/{store.name}",) for store in spec.object_stores}
    return [
        Item(cluster, holds_data=True),
        manager_pool(site, OBJECT_NAMESPACE, first, "object", after_cluster),
        block_pool(OBJECT_NAMESPACE, "builtin-rgw-root", realms, after_cluster),
        *(Item(manifest) for manifest in certificates.values()),
        *(
            Item(object_store(site, store), holds_data=True, after=(*after_cluster, key(certificates[store.name])))
            for store in spec.object_stores
        ),
        *(Item(object_user(user), holds_data=True, after=after_store[user.store]) for user in spec.object_users),
    ]


class ObjectStorage(Component):
    """The object cluster of a site."""

    def __init__(self, name: str, site: Site, spec: Storage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ObjectStorage", name, site, ceph_object_items(site, spec), opts)
