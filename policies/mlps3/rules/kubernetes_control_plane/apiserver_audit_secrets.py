"""Who reads a Secret is recorded, what it holds is not."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import audit_rules, level, most

BODIES = (
    *((verb, "", "secrets") for verb in ("get", "list", "create", "update", "patch")),
    ("create", "", "serviceaccounts/token"),
    ("create", "authentication.k8s.io", "tokenreviews"),
)
"""What carries passwords and tokens, as it is sent or as it is answered."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.4.8-b"),
    scope="host",
    probes=("control_plane",),
    title_zh="读取 Secret 有审计，且不记录其内容",
    title_en="Who reads a Secret is recorded, what it holds is not",
    rationale="Reading a Secret is taking a password; a log that holds it gives it to everybody who reads logs.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Auditing",),
)
def apiserver_audit_secrets(host: Host) -> Iterator[Finding]:
    rules = audit_rules(host)
    place = "control_plane.apiserver.audit.rules"
    for verb in ("get", "list", "watch"):
        if level(rules, verb, "", "secrets") == "None":
            yield Finding(f"{verb} of Secrets is not recorded for everybody", place, verb)
    for verb, group, resource in BODIES:
        if (found := most(rules, verb, group, resource)) not in ("None", "Metadata"):
            yield Finding(f"{verb} of {resource} is recorded with its content ({found})", place, found)
