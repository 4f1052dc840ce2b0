"""No Service opens a port on every host."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.1-a",),
    kinds=("Service",),
    title_zh="服务不得使用NodePort暴露",
    title_en="No Service opens a port on every host",
    rationale=(
        "A node port is open on all hosts, the management network included, and passes no controlled interface."
    ),
    remediation="Use type ClusterIP behind a Gateway, or type LoadBalancer with an address of the site's range.",
    references=("Kubernetes: Service, type NodePort",),
    admission=Admission("object.?spec.?type.orValue('') != 'NodePort'"),
)
def service_node_port(obj: Object) -> Iterator[Finding]:
    if obj.spec.text("type") == "NodePort":
        yield Finding("type is NodePort", obj.spec.at("type"), "NodePort")
