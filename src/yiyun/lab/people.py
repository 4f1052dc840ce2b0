"""Who may do what in the lab: `ops`, `auditor`, `ci`, and the simulated nodes' own identity.

`auditor` and `ci` get lists of kinds by name, never a wildcard: a kind that is added tomorrow is theirs when it is in
`crds.lock` or below, not before. No list holds Secrets or a subresource.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from yiyun.crds import Kind
from yiyun.errors import UserError
from yiyun.lab.api import Api, ApiError, Target, Unreachable, in_parallel
from yiyun.lab.parts import KWOK_USER

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
POLICY = "yiyun-ci-dry-run-only"
PROBE = "yiyun-ci-policy-probe"
PROBE_SECONDS = 30.0
LABELS = {"app.kubernetes.io/managed-by": "yiyun-lab"}

READ = ("get", "list", "watch")
DRY_RUN_WRITE = ("create", "update", "patch")

READABLE: Mapping[str, tuple[str, ...]] = {
    "": (
        "componentstatuses",
        "configmaps",
        "endpoints",
        "events",
        "limitranges",
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ),
    "admissionregistration.k8s.io": (
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    ),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "certificates.k8s.io": ("certificatesigningrequests",),
    "coordination.k8s.io": ("leases",),
    "discovery.k8s.io": ("endpointslices",),
    "events.k8s.io": ("events",),
    "flowcontrol.apiserver.k8s.io": ("flowschemas", "prioritylevelconfigurations"),
    "networking.k8s.io": ("ingressclasses", "ingresses", "ipaddresses", "networkpolicies", "servicecidrs"),
    "node.k8s.io": ("runtimeclasses",),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "resource.k8s.io": ("deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": (
        "csidrivers",
        "csinodes",
        "csistoragecapacities",
        "storageclasses",
        "volumeattachments",
        "volumeattributesclasses",
    ),
}

# Admission policies and webhooks are missing on purpose: the API server exempts them from admission policies, so a
# write there would be a real one.
WRITABLE_IN_DRY_RUN: Mapping[str, tuple[str, ...]] = {
    "": (
        "configmaps",
        "limitranges",
        "namespaces",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "resourcequotas",
        "serviceaccounts",
        "services",
    ),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingressclasses", "ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": ("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("csidrivers", "storageclasses", "volumeattributesclasses"),
}


def rules(resources: Mapping[str, Iterable[str]], kinds: Iterable[Kind], verbs: Iterable[str]) -> list[dict[str, Any]]:
    """RBAC rules for built-in resources and custom kinds, one per API group."""
    groups = {group: set(names) for group, names in resources.items()}
    for kind in kinds:
        groups.setdefault(kind.group, set()).add(kind.plural)
    return [
        {"apiGroups": [group], "resources": sorted(names), "verbs": list(verbs)}
        for group, names in sorted(groups.items())
    ]


def _role(name: str, its_rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": LABELS},
        "rules": its_rules,
    }


def _binding(name: str, role: str, subject_kind: str, subject: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": LABELS},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": subject_kind, "name": subject}],
    }


def kwok_role() -> dict[str, Any]:
    """What the program that simulates nodes needs: their status and leases, and the pods on them.

    It starts before the API server has made the roles that let everybody ask for the list of kinds.
    """
    return _role(
        "yiyun:kwok",
        [
            {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": list(READ)},
            {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch", "update"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete", "patch"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
            {
                "apiGroups": ["coordination.k8s.io"],
                "resources": ["leases"],
                "verbs": ["create", "get", "list", "patch", "update", "watch"],
            },
            {"nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version"], "verbs": ["get"]},
        ],
    )


def ci_policy() -> tuple[dict[str, Any], dict[str, Any]]:
    """The admission policy that keeps `ci` to dry runs, and its binding.

    It matches every write and every connect (exec, attach, port-forward, proxy) of the group, whatever RBAC grants.
    One name is refused even in a dry run: `wait_policy` asks for it to see whether the policy is in force.
    """
    reviews = [
        {
            "apiGroups": ["authentication.k8s.io", "authorization.k8s.io"],
            "apiVersions": ["*"],
            "operations": ["CREATE"],
            "resources": ["selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            "scope": "*",
        }
    ]
    everything = [
        {
            "apiGroups": ["*"],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
            "resources": ["*/*"],
            "scope": "*",
        }
    ]
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY, "labels": LABELS},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": everything, "excludeResourceRules": reviews},
            "matchConditions": [{"name": "is-ci", "expression": "'yiyun:ci' in request.userInfo.groups"}],
            "validations": [
                {
                    "expression": f"has(request.dryRun) && request.dryRun == true && request.name != '{PROBE}'",
                    "message": "ci may only do dry runs (--dry-run=server)",
                    "reason": "Forbidden",
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": POLICY, "labels": LABELS},
        "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
    }
    return policy, binding


def roles(kinds: Iterable[Kind]) -> list[dict[str, Any]]:
    """The cluster roles of `auditor`, `ci` and the simulated nodes."""
    known = tuple(kinds)
    read = rules(READABLE, known, READ)
    return [
        _role("yiyun:auditor", read),
        _role("yiyun:ci", [*read, *rules(WRITABLE_IN_DRY_RUN, known, DRY_RUN_WRITE)]),
        kwok_role(),
    ]


def set_up_policy(api: Api) -> None:
    """Put the policy for `ci` in place. Call it before `set_up`, and long before."""
    policy, binding = ci_policy()
    api.apply(f"{ADMISSION}/validatingadmissionpolicies/{POLICY}", policy)
    api.apply(f"{ADMISSION}/validatingadmissionpolicybindings/{POLICY}", binding)


def set_up(api: Api, kinds: Iterable[Kind]) -> None:
    """Put all roles and bindings in place, but for the one that lets `ci` write."""
    in_parallel(lambda role: api.apply(f"{RBAC}/clusterroles/{role['metadata']['name']}", role), roles(kinds))
    bindings = [
        _binding("yiyun:ops", "cluster-admin", "Group", "yiyun:ops"),
        _binding("yiyun:auditor", "yiyun:auditor", "Group", "yiyun:auditor"),
        _binding("yiyun:kwok", "yiyun:kwok", "User", KWOK_USER),
    ]
    in_parallel(lambda each: api.apply(f"{RBAC}/clusterrolebindings/{each['metadata']['name']}", each), bindings)


def administrator_with_policy(target: Target) -> Api:
    """An administrator's session that the policy for `ci` must judge."""
    headers = (
        ("Impersonate-User", "yiyun:policy-probe"),
        ("Impersonate-Group", "yiyun:ci"),
        ("Impersonate-Group", "system:masters"),
    )
    return Api(target, headers)


def let_ci_in(api: Api, as_ci: Api) -> None:
    """Bind `ci` to its role once the policy is in force. Raises UserError when that takes more than 30 s.

    `as_ci` is `administrator_with_policy`; it asks in a dry run only.
    """
    deadline = time.monotonic() + PROBE_SECONDS
    while not _policy_refuses(as_ci):
        if time.monotonic() > deadline:
            raise UserError(f"the admission policy {POLICY} is not in force after {PROBE_SECONDS:.0f} s: ci stays out")
        time.sleep(0.05)
    api.apply(f"{RBAC}/clusterrolebindings/yiyun:ci", _binding("yiyun:ci", "yiyun:ci", "Group", "yiyun:ci"))


def _policy_refuses(as_ci: Api) -> bool:
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": PROBE}}
    try:
        as_ci.request("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", probe)
    except ApiError as error:
        return POLICY in error.message
    except Unreachable:
        return False
    return False
