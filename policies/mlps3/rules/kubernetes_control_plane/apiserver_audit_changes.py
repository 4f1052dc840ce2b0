"""Whoever changes the cluster is recorded."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.control_plane import audit_rules, level

VERBS = ("create", "update", "patch", "delete", "deletecollection")
RESOURCES = (
    ("", "configmaps"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "pods"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("networking.k8s.io", "networkpolicies"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "rolebindings"),
)
"""Group and name of what decides who may do what, and what runs."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-a", "8.1.10.6-e", "8.1.10.6-g"),
    scope="host",
    probes=("control_plane",),
    title_zh="集群变更操作均有审计",
    title_en="Whoever changes the cluster is recorded",
    rationale="A change that one account, namespace or kind keeps out of the record is the one an attacker makes.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Auditing",),
)
def apiserver_audit_changes(host: Host) -> Iterator[Finding]:
    rules = audit_rules(host)
    for group, resource in RESOURCES:
        missing = [verb for verb in VERBS if level(rules, verb, group, resource) == "None"]
        if missing:
            text = (
                f"{', '.join(missing)} of {f'{resource}.{group}' if group else resource} is not recorded for everybody"
            )
            yield Finding(text, "control_plane.apiserver.audit.rules", resource)
    for verb in ("get", "create"):
        if level(rules, verb, "", "pods/exec") == "None":
            yield Finding("commands in pods are not recorded for everybody", "control_plane.apiserver.audit.rules")
