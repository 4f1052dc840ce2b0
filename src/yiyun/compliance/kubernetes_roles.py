"""What Kubernetes itself grants to its own parts by a wildcard or by a right over rights.

From the roles that the API server of v1.34 makes (its RBAC bootstrap policy; label `kubernetes.io/bootstrapping`). It
restores what is missing in them, but leaves what somebody added: each grant is therefore known by its whole content.
"""

from collections.abc import Collection
from dataclasses import dataclass

from yiyun.compliance.admission import cel
from yiyun.compliance.facts import Map, Object
from yiyun.compliance.grants import ROLE

CORE = ("",)
ALL = ("*",)


@dataclass(frozen=True)
class _Grant:
    """One entry of a role's `rules`, by its whole content."""

    apiGroups: frozenset[str]  # noqa: N815  # the names of the fields
    resources: frozenset[str]
    nonResourceURLs: frozenset[str]  # noqa: N815
    verbs: frozenset[str]
    resourceNames: frozenset[str] = frozenset()  # noqa: N815

    def in_cel(self, entry: str) -> str:
        """Whether `entry` has just this content."""
        fields = vars(self).items()
        return " && ".join(
            f"sets.equivalent({entry}.?{field}.orValue([]), {cel(sorted(values))})"
            if values
            else f"size({entry}.?{field}.orValue([])) == 0"
            for field, values in fields
        )


def _grant(groups: Collection[str], resources: Collection[str], *verbs: str, urls: Collection[str] = ()) -> _Grant:
    return _Grant(frozenset(groups), frozenset(resources), frozenset(urls), frozenset(verbs))


_IMPERSONATE = _grant(CORE, ("serviceaccounts",), "impersonate")
_OWN: dict[str, tuple[_Grant, ...]] = {
    "cluster-admin": (_grant(ALL, ALL, "*"), _grant((), (), "*", urls=ALL)),
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
    if role.id != ROLE or role.name not in _OWN:
        return False
    found = _Grant(**{field: frozenset(granted.texts(field)) for field in _Grant.__dataclass_fields__})
    return found in _OWN[role.name]


def is_own_in_cel(entry: str) -> str:
    """The same of an entry of `object.rules`."""
    roles = (
        f"object.metadata.name == {cel(name)} && ({' || '.join(f'({grant.in_cel(entry)})' for grant in grants)})"
        for name, grants in _OWN.items()
    )
    return f"(object.kind == 'ClusterRole' && ({' || '.join(f'({role})' for role in roles)}))"
