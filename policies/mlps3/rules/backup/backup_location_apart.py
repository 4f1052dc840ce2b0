"""Copies of disks do not lie in the cluster of the disks."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, World, rule
from yiyun.compliance.backups import TARGET_KINDS, shared_cluster, targets


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a", "8.1.4.9-b"),
    kinds=TARGET_KINDS,
    scope="objects",
    title_zh="备份不得与源数据同在一个存储集群",
    title_en="Copies of disks do not lie in the cluster of the disks",
    rationale=(
        "What loses the block cluster, an operator's mistake or a fault of Ceph, would take the copies with it."
    ),
    remediation=(
        "Name an object store of the object cluster (site.yaml: a bucket of storage.buckets), or of another site."
    ),
)
def backup_location_apart(obj: Object, world: World) -> Iterator[Finding]:
    for target in targets(obj):
        if cluster := shared_cluster(world, target.address):
            yield Finding(f"lies in the Ceph cluster of namespace {cluster}, which holds the disks", target.path)
