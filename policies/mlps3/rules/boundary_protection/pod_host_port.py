"""No container opens a port on its host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.admission import every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.3.1-a",),
    baseline="kubernetes-pss-baseline:host-ports",
    kinds=POD_KINDS,
    title_zh="容器不得占用主机端口",
    title_en="No container opens a port on its host",
    rationale="A host port is a way in that passes no load balancer and no gateway.",
    remediation="Remove hostPort and publish the port with a Service or a Gateway.",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=every_container(
        "c.?ports.orValue([]).all(p, !variables.pod.?hostNetwork.orValue(false) && p.?hostPort.orValue(0) == 0)"
    ),
)
def pod_host_port(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    shared = found.spec.flag("hostNetwork")
    for container in found.containers:
        for port in container.facts.maps("ports"):
            number = port.number("hostPort") or (port.number("containerPort") if shared else None)
            if number:
                yield Finding(
                    f"{container.name} opens host port {number}",
                    port.at("containerPort" if shared else "hostPort"),
                    number,
                )
