"""Buckets: one StorageClass for each object store, one ObjectBucketClaim for each bucket of `storage.buckets`.

A bucket belongs to one of the tenant's object users and has the name that site.yaml gives it, so that backups can name
it before it exists. It is kept when its claim is deleted. Rook's operator must allow the claim fields `bucketOwner` and
`bucketMaxSize` (`ROOK_OBC_ALLOW_ADDITIONAL_CONFIG_FIELDS`): by default it refuses them.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item, key
from yiyun.components.quantity import gib
from yiyun.components.secret_refs import OBJECT_NAMESPACE, bucket_user
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Bucket, Pool, Storage

PROVISIONER = "rook-ceph.ceph.rook.io/bucket"
"""Rook's bucket provisioner; its prefix is the namespace of the operator, not of the object cluster."""


def bucket_class_name(store_name: str) -> str:
    """StorageClass of an object store."""
    return f"bucket-{store_name}"


def bucket_class(site: Site, store: Pool) -> dict[str, Any]:
    """The StorageClass that makes buckets in one object store."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": bucket_class_name(store.name),
            "annotations": {names.LOCATION: site.location(store.zones)},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Retain",
        "parameters": {"objectStoreName": store.name, "objectStoreNamespace": OBJECT_NAMESPACE},
    }


def bucket_claim(site: Site, bucket: Bucket) -> dict[str, Any]:
    """The ObjectBucketClaim of a bucket, in the namespace of the tenant who owns it."""
    user = bucket_user(site, bucket.name)
    return {
        "apiVersion": "objectbucket.io/v1alpha1",
        "kind": "ObjectBucketClaim",
        "metadata": {"name": bucket.name, "namespace": user.tenant, "labels": {names.TENANT: user.tenant}},
        "spec": {
            "bucketName": bucket.name,
            "storageClassName": bucket_class_name(user.store),
            "additionalConfig": {"bucketOwner": user.name, "bucketMaxSize": gib(bucket.max_size_gib)},
        },
    }


def bucket_items(site: Site, spec: Storage) -> list[Item]:
    """Bucket classes, then the buckets."""
    classes = {store.name: bucket_class(site, store) for store in spec.object_stores}
    claims = []
    for bucket in spec.buckets:
        after = (key(classes[bucket_user(site, bucket.name).store]),)
        claims.append(Item(bucket_claim(site, bucket), holds_data=True, after=after))
    return [*(Item(manifest) for manifest in classes.values()), *claims]


class Buckets(Component):
    """Bucket classes and buckets of a site."""

    def __init__(self, name: str, site: Site, spec: Storage, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Buckets", name, site, bucket_items(site, spec), opts)
