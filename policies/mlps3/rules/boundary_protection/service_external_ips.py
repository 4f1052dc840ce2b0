"""No Service claims addresses by itself."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.1-a",),
    kinds=("Service",),
    title_zh="服务不得自行占用外部地址",
    title_en="No Service claims addresses by itself",
    rationale=(
        "With externalIPs a Service takes over the traffic to any address, another tenant's included, on every host."
    ),
    remediation="Remove externalIPs; addresses come from the load balancer's range.",
    references=("Kubernetes: Service, external IPs",),
    admission=Admission("size(object.?spec.?externalIPs.orValue([])) == 0"),
)
def service_external_ips(obj: Object) -> Iterator[Finding]:
    for address in obj.spec.texts("externalIPs"):
        yield Finding(f"claims address {address}", obj.spec.at("externalIPs"), address)
