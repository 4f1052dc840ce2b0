"""What Kubernetes itself grants to its own parts by a wildcard or by a right over rights.

From the roles that the API server of v1.34 makes (its RBAC bootstrap policy; label `kubernetes.io/bootstrapping`). It
restores what is missing in them, but leaves what somebody added: each grant is therefore known by its whole content.
"""

from yiyun.compliance.facts import Map, Object

Grant = tuple[frozenset[str], frozenset[str], frozenset[str]]
"""API groups, resources (or URLs, with no group) and verbs."""
CORE = ("",)
ALL = ("*",)
_FIELDS = frozenset({"apiGroups", "resources", "nonResourceURLs", "verbs"})


def _grant(groups: tuple[str, ...], resources: tuple[str, ...], *verbs: str) -> Grant:
    return frozenset(groups), frozenset(resources), frozenset(verbs)


_IMPERSONATE = _grant(CORE, ("serviceaccounts",), "impersonate")
_OWN: dict[str, tuple[Grant, ...]] = {
    "cluster-admin": (_grant(ALL, ALL, "*"), _grant((), ALL, "*")),
    "admin": (_IMPERSONATE,),
    "edit": (_IMPERSONATE,),
    "system:aggregate-to-edit": (_IMPERSONATE,),
    "system:controller:clusterrole-aggregation-controller": (
        _grant(
            ("rbac.authorization.k8s.io",), ("clusterroles",), "escalate", "get", "list", "patch", "update", "watch"
        ),
    ),
    "system:controller:generic-garbage-collector": (
        _grant(ALL, ALL, "delete", "get", "list", "patch", "update", "watch"),
    ),
    "system:controller:horizontal-pod-autoscaler": (
        _grant(("custom.metrics.k8s.io",), ALL, "get", "list", "watch"),
        _grant(("external.metrics.k8s.io",), ALL, "get", "list", "watch"),
    ),
    "system:controller:namespace-controller": (_grant(ALL, ALL, "delete", "deletecollection", "get", "list", "watch"),),
    "system:controller:resourcequota-controller": (_grant(ALL, ALL, "list", "watch"),),
    "system:kube-controller-manager": (_grant(ALL, ALL, "list", "watch"),),
    "system:kubelet-api-admin": (
        _grant(CORE, ("nodes/log", "nodes/metrics", "nodes/proxy", "nodes/stats"), "*"),
        _grant(CORE, ("nodes/configz", "nodes/healthz", "nodes/pods"), "*"),
    ),
}


def is_own(role: Object, granted: Map) -> bool:
    """Whether a grant of a role is one that Kubernetes gives to its own part of that name, exactly.

    Raises Unevaluated where the grant cannot be read.
    """
    if role.id != "rbac.authorization.k8s.io/ClusterRole" or not set(granted.keys()) <= _FIELDS:
        return False
    if granted.texts("resources") and granted.texts("nonResourceURLs"):
        return False
    named = frozenset((*granted.texts("resources"), *granted.texts("nonResourceURLs")))
    found = (frozenset(granted.texts("apiGroups")), named, frozenset(granted.texts("verbs")))
    return found in _OWN.get(role.name, ())
