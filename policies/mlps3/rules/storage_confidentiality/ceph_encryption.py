"""Disks of Ceph are encrypted at rest."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Map, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import or_empty

SETS = or_empty("object.?spec.?storage.?storageClassDeviceSets", "[]")
NODES = or_empty("object.?spec.?storage.?nodes", "[]")
DEVICES = or_empty("n.?devices", "[]")
ALL = "object.?spec.?storage.?useAllNodes.orValue(false)"
EVERYWHERE = "object.?spec.?storage.?config[?'encryptedDevice'].orValue('').lowerAscii() == 'true'"


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-b", "8.2.4.4-c"),
    kinds=("ceph.rook.io/CephCluster",),
    title_zh="Ceph磁盘须加密存储",
    title_en="Disks of Ceph are encrypted at rest",
    rationale=(
        "A disk that leaves the room, or is thrown away, takes the data, snapshots and images of all tenants with it."
    ),
    remediation=(
        'Set spec.storage.config.encryptedDevice to "true" (site.yaml: storage.encrypted) before the OSDs are made.'
    ),
    references=("Rook: CephCluster CRD, encryptedDevice",),
    admission=Admission(
        "object.?spec.?external.?enable.orValue(false) || ("
        f"{SETS}.all(s, s.?encrypted.orValue(false))"
        f" && ((size({SETS}) > 0 && size({NODES}) == 0 && !{ALL}) || ("
        f"({EVERYWHERE} || (size({NODES}) > 0 && !{ALL}))"
        f" && {NODES}.all(n, n.?config[?'encryptedDevice'].optMap(e, e.lowerAscii() == 'true').orValue({EVERYWHERE})"
        f" && {DEVICES}.all(d, "
        "d.?config[?'encryptedDevice'].optMap(e, e.lowerAscii() == 'true').orValue(true))))))"
    ),
)
def ceph_encryption(obj: Object) -> Iterator[Finding]:
    if obj.spec.map("external").flag("enable"):
        raise NotApplicable("the disks belong to another cluster")
    storage = obj.spec.map("storage")
    sets = storage.maps("storageClassDeviceSets")
    for device_set in sets:
        if not device_set.flag("encrypted"):
            yield Finding(f"device set {device_set.text('name')} is not encrypted", device_set.at("encrypted"))
    nodes = storage.maps("nodes")
    if sets and not nodes and not storage.flag("useAllNodes"):
        return
    config = storage.map("config")
    everywhere = _encrypted(config)
    if not everywhere and (not nodes or storage.flag("useAllNodes")):
        yield Finding("OSDs are not encrypted", config.at("encryptedDevice"), config.scalar("encryptedDevice"))
    for node in nodes:
        for place in (node, *node.maps("devices")):
            own = place.map("config")
            if not (_encrypted(own) if own.has("encryptedDevice") else everywhere or place is not node):
                yield Finding(f"OSDs of {node.text('name')} are not encrypted", own.at("encryptedDevice"))


def _encrypted(config: Map) -> bool:
    return config.text("encryptedDevice").lower() == "true"
