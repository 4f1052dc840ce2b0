"""An idle session into a pod ends."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.kubelet import kubelet

MOST_SECONDS = 14400


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.1-b",),
    scope="host",
    probes=("kubelet",),
    title_zh="kubelet 空闲连接超时",
    title_en="An idle session into a pod ends",
    rationale="A shell in a pod that nobody is at is an open door.",
    remediation="./yiyun hosts converge --role kubernetes_node",
    references=("Kubernetes: KubeletConfiguration streamingConnectionIdleTimeout",),
)
def kubelet_streaming(host: Host) -> Iterator[Finding]:
    settings = kubelet(host)
    seconds = settings.number("streaming_idle_seconds")
    if not 0 < seconds <= MOST_SECONDS:
        text = "never ends" if seconds == 0 else f"ends after {seconds} s"
        yield Finding(
            f"an idle session {text}; wanted within {MOST_SECONDS} s", settings.at("streaming_idle_seconds"), seconds
        )
