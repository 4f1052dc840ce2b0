"""No address translation publishes an administration port."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.ports import ADMIN


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.2-a", "8.1.4.4-b"),
    kinds=("kubeovn.io/IptablesDnatRule", "kubeovn.io/OvnDnatRule"),
    title_zh="地址转换不得发布管理端口",
    title_en="No address translation publishes an administration port",
    rationale="Administration comes over the bastion; a port of it that the outside reaches is tried within the hour.",
    remediation="delete the rule; publish the application through a load balancer",
    admission=Admission(
        "!(object.?spec.?protocol.orValue('').lowerAscii() in ['', 'tcp']) || ("
        + " && ".join(
            f"(object.?spec.?{field}.orValue('0').matches('^[0-9]{{1,9}}$')"
            f" && !(int(object.?spec.?{field}.orValue('0')) in {cel(list(ADMIN))}))"
            for field in ("externalPort", "internalPort")
        )
        + ")"
    ),
)
def dnat_admin_ports(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("protocol").lower() not in ("", "tcp"):
        return
    for field in ("externalPort", "internalPort"):
        number = obj.spec.count(field)
        if number in ADMIN:
            yield Finding(f"publishes {ADMIN[number]} ({field} {number})", obj.spec.at(field), number)
