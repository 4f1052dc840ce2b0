"""No address translation publishes a plain-text port."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.ports import PLAIN_TEXT


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-b", "8.1.4.8-a", "8.1.2.2-a"),
    kinds=("kubeovn.io/IptablesDnatRule", "kubeovn.io/OvnDnatRule"),
    title_zh="地址转换不得发布明文端口",
    title_en="No address translation publishes a plain-text port",
    rationale="What crosses the boundary in plain text can be read and changed on the way.",
    remediation="Publish a port that speaks TLS, or put a load balancer with TLS in front of it.",
    admission=Admission(
        "!(object.?spec.?protocol.orValue('').lowerAscii() in ['', 'tcp']) || ("
        + " && ".join(
            f"(object.?spec.?{field}.orValue('0').matches('^[0-9]{{1,9}}$')"
            f" && !(int(object.?spec.?{field}.orValue('0')) in {cel(list(PLAIN_TEXT))}))"
            for field in ("externalPort", "internalPort")
        )
        + ")"
    ),
)
def dnat_plain_text(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("protocol").lower() not in ("", "tcp"):
        return
    for field in ("externalPort", "internalPort"):
        number = obj.spec.count(field)
        if number in PLAIN_TEXT:
            yield Finding(f"{field} {number} is plain {PLAIN_TEXT[number]}", obj.spec.at(field), number)
