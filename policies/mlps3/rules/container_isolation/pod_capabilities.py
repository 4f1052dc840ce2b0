"""No container adds capabilities beyond the default ones."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.admission import cel, every_container
from yiyun.compliance.pods import POD_KINDS, pod

# What the Pod Security baseline lets a container add; the container runtimes' own default set.
ALLOWED = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
    "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
WRITTEN = [prefix + name for prefix in ("", "CAP_") for name in sorted(ALLOWED)]


@rule(
    severity=Severity.HIGH,
    baseline="kubernetes-pss-baseline:capabilities",
    kinds=POD_KINDS,
    title_zh="容器不得增加默认之外的能力",
    title_en="No container adds capabilities beyond the default ones",
    rationale=("Capabilities such as SYS_ADMIN, NET_ADMIN or SYS_PTRACE are ways out of the container onto its host."),
    remediation="Drop ALL and add back only NET_BIND_SERVICE where a port below 1024 is needed.",
    references=("Kubernetes: Pod Security Standards, Baseline",),
    admission=every_container(
        f"c.?securityContext.?capabilities.?add.orValue([]).all(n, n.upperAscii() in {cel(WRITTEN)})"
    ),
)
def pod_capabilities(obj: Object) -> Iterator[Finding]:
    for container in pod(obj).containers:
        capabilities = container.security.map("capabilities")
        for name in capabilities.texts("add"):
            if not name.isascii() or name.upper().removeprefix("CAP_") not in ALLOWED:
                yield Finding(f"{container.name} adds {name}", capabilities.at("add"), name)
