"""No pod uses the network of its host."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.3.1-a", "8.2.3.1-a"),
    baseline="kubernetes-pss-baseline:host-namespaces",
    kinds=POD_KINDS,
    title_zh="容器组不得使用主机网络",
    title_en="No pod uses the network of its host",
    rationale=(
        "On the host's network no NetworkPolicy and no security group holds: the pod reaches management and "
        "storage networks, and their traffic."
    ),
    remediation="Remove hostNetwork and publish the port with a Service or a Gateway.",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission("!variables.pod.?hostNetwork.orValue(false)"),
)
def pod_host_network(obj: Object) -> Iterator[Finding]:
    spec = pod(obj).spec
    if spec.flag("hostNetwork"):
        yield Finding("hostNetwork is on", spec.at("hostNetwork"), True)
