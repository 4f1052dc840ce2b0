"""Ceph's own guard against single copies stays on."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.ceph import POOL_KINDS, every_pool, pools


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.6-c",),
    kinds=POOL_KINDS,
    title_zh="不得关闭副本数安全检查",
    title_en="Ceph's own guard against single copies stays on",
    rationale="With requireSafeReplicaSize off Rook makes pools of one copy without a word.",
    remediation="Set replicated.requireSafeReplicaSize to true, or remove it.",
    references=("Rook: CephBlockPool CRD, replicated.requireSafeReplicaSize",),
    admission=every_pool("!has(pool.replicated) || pool.replicated.?requireSafeReplicaSize.orValue(true)"),
)
def ceph_pool_safe_size(obj: Object) -> Iterator[Finding]:
    for spec in pools(obj):
        replicated = spec.map("replicated")
        if replicated.flag("requireSafeReplicaSize") is False:
            yield Finding("requireSafeReplicaSize is off", replicated.at("requireSafeReplicaSize"), False)
