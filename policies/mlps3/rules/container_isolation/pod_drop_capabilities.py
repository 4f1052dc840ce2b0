"""Every container drops all capabilities."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import WINDOWS, every_container
from yiyun.compliance.pods import POD_KINDS, pod


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    baseline="kubernetes-pss-restricted:capabilities",
    kinds=POD_KINDS,
    title_zh="容器丢弃全部能力",
    title_en="Every container drops all capabilities",
    rationale=("The default set still lets a process change owners and send raw packets; hardly any program needs it."),
    remediation='Set securityContext.capabilities.drop to ["ALL"] in every container.',
    references=("Kubernetes: Pod Security Standards, Restricted",),
    admission=every_container(
        "c.?securityContext.?capabilities.?drop.orValue([]).exists(n, n.upperAscii() == 'ALL')", but=WINDOWS
    ),
)
def pod_drop_capabilities(obj: Object) -> Iterator[Finding]:
    found = pod(obj)
    if found.windows:
        raise NotApplicable("a Windows pod has no capabilities")
    for container in found.containers:
        capabilities = container.security.map("capabilities")
        if "ALL" not in [name.upper() for name in capabilities.texts("drop")]:
            yield Finding(f"{container.name} does not drop ALL capabilities", capabilities.at("drop"))
