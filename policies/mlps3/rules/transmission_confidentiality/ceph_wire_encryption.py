"""Ceph encrypts what crosses its network."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Enforcement, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.2.2-b", "8.1.4.8-a"),
    kinds=("ceph.rook.io/CephCluster",),
    title_zh="Ceph网络传输加密",
    title_en="Ceph encrypts what crosses its network",
    rationale=(
        "Disks of all tenants cross the storage network; where it cannot be trusted they must be encrypted on it."
    ),
    remediation="Set network.connections.encryption.enabled to true; kernel clients need Linux 5.11 or newer.",
    references=("Rook: CephCluster CRD, network.connections.encryption",),
    admission=Admission("object.?spec.?network.?connections.?encryption.?enabled.orValue(false) == true"),
)
def ceph_wire_encryption(obj: Object) -> Iterator[Finding]:
    encryption = obj.spec.walk("network.connections.encryption")
    if not encryption.flag("enabled"):
        yield Finding(
            "traffic between Ceph's parts is not encrypted", encryption.at("enabled"), encryption.flag("enabled")
        )
