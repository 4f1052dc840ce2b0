"""No pod sets kernel parameters that reach beyond it."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule
from yiyun.compliance.admission import cel
from yiyun.compliance.pods import POD_KINDS, pod

# Namespaced parameters that the kubelet allows without being told to.
SAFE = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
})  # fmt: skip


@rule(
    severity=Severity.MEDIUM,
    baseline="kubernetes-pss-baseline:sysctls",
    kinds=POD_KINDS,
    title_zh="容器组不得设置不安全的内核参数",
    title_en="No pod sets kernel parameters that reach beyond it",
    rationale="Unsafe kernel parameters change the host for everybody, or take memory that no quota counts.",
    remediation=(
        "Remove the parameter from securityContext.sysctls; set it on the hosts with the roles if all need it."
    ),
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=Admission(
        f"variables.pod.?securityContext.?sysctls.orValue([]).all(each, each.name in {cel(sorted(SAFE))})"
    ),
)
def pod_sysctls(obj: Object) -> Iterator[Finding]:
    for item in pod(obj).security.maps("sysctls"):
        name = item.text("name")
        if name not in SAFE:
            yield Finding(f"sets {name}", item.at("name"), name)
