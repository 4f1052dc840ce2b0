"""Storage of a site: block and object cluster, classes, buckets, backups."""

from yiyun.components.backup import Backups
from yiyun.components.bucket import Buckets
from yiyun.components.ceph_block import BlockStorage
from yiyun.components.ceph_object import ObjectStorage
from yiyun.components.stack import open_site
from yiyun.components.storage_class import StorageClasses

site = open_site()
BlockStorage("block", site, site.spec.storage)
ObjectStorage("object", site, site.spec.storage)
StorageClasses("classes", site, site.spec.storage)
Buckets("buckets", site, site.spec.storage)
Backups("backups", site, site.spec.backup)
