"""The API server knows which kubelet it speaks to."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import component


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-a", "8.2.4.1-a"),
    scope="host",
    probes=("control_plane",),
    title_zh="API Server 校验 kubelet 证书",
    title_en="The API server knows which kubelet it speaks to",
    rationale="Who stands in for a kubelet gets what is typed into pods, and answers what he likes.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: kube-apiserver --kubelet-certificate-authority",),
)
def apiserver_kubelet_tls(host: Host) -> Iterator[Finding]:
    server = component(host, "apiserver")
    for name, what in (("kubelet_ca", "who a kubelet is"), ("kubelet_certificate", "to kubelets who it is")):
        if not server.text(name).startswith("/"):
            yield Finding(f"nothing proves {what}", server.at(name))
