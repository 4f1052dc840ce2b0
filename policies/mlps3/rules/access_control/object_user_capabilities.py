"""No user of the object store administers others."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import or_empty


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.2-d", "8.2.4.5-b"),
    kinds=("ceph.rook.io/CephObjectStoreUser",),
    title_zh="对象存储用户不得拥有管理能力",
    title_en="No user of the object store administers others",
    rationale="A user with these may read every tenant's buckets, or make himself a user that can.",
    remediation="take capabilities out of the CephObjectStoreUser, or leave read only",
    references=("Rook: CephObjectStoreUser CRD, capabilities",),
    admission=Admission(
        or_empty("object.?spec.?capabilities", "{}")
        + ".all(k, k != 'metadata' && !k.startsWith('user') && dyn(object.spec.capabilities)[k] == 'read')"
    ),
)
def object_user_capabilities(obj: Object) -> Iterator[Finding]:
    held = obj.spec.map("capabilities")
    for name in held.keys():  # noqa: SIM118 (a method of ours, not of a dict)
        value = held.text(name)
        if value != "read" or name.startswith("user") or name == "metadata":
            yield Finding(f"may {value} {name} of everybody", held.at(name), value)
