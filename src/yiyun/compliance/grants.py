"""What bindings give to persons in all namespaces."""

from collections.abc import Iterable, Iterator, Sequence

from yiyun.compliance.facts import Map, Object, Unevaluated
from yiyun.compliance.model import Finding
from yiyun.compliance.world import World

BINDING = "rbac.authorization.k8s.io/ClusterRoleBinding"
ROLE = "rbac.authorization.k8s.io/ClusterRole"
POWERFUL = ("cluster-admin", "admin", "edit")
"""Roles of Kubernetes' own that read Secrets and enter pods."""
HARMLESS = ("view",)
Way = tuple[str, tuple[str, ...], tuple[str, ...]]
"""API group, resources and verbs that give one way to something."""


def over_all_tenants(binding: Object, world: World, ways: Sequence[Way]) -> Iterator[Finding]:
    """A finding for each person whom the binding gives one of `ways` in every namespace. Raises as `granting` does."""
    for subject in persons(binding):
        for way in ways:
            if found := granting(world, binding, *way):
                text = f"{subject.text('kind')} {subject.text('name')} has {found} in every namespace"
                yield Finding(text, subject.path, subject.text("name"))


def persons(binding: Object) -> list[Map]:
    """Users and groups that a binding names, without those of Kubernetes' own parts; the break-glass group is left out."""
    return [
        subject
        for subject in binding.root.maps("subjects")
        if subject.text("kind") in ("User", "Group") and not subject.text("name").startswith("system:")
    ]


def granting(world: World, binding: Object, group: str, resources: Iterable[str], verbs: Iterable[str]) -> str | None:
    """What of `resources` the bound role lets its holder do in every namespace; None: nothing.

    Raises Unevaluated for a role that is not in the input, and for one that is put together from others.
    """
    reference = binding.root.map("roleRef")
    name = reference.text("name")
    if name in POWERFUL:
        return f"all that {name} may"
    if name in HARMLESS:
        return None
    role = world.get(ROLE, "", name)
    if role is None:
        raise Unevaluated(f"the role {name} is not in the input")
    if role.elsewhere.has("aggregationRule"):
        raise Unevaluated(f"the role {name} is put together from others")
    wanted, asked = set(resources), {*verbs, "*"}
    for granted in role.elsewhere.maps("rules"):
        if granted.texts("resourceNames") or not {group, "*"} & {*granted.texts("apiGroups")}:
            continue
        named = {*granted.texts("resources")}
        hit = sorted(each for each in wanted if named & {"*", each, f"*/{each.partition('/')[2]}"})
        allowed = sorted(asked & {*granted.texts("verbs")})
        if hit and allowed:
            return f"{', '.join(allowed)} of {', '.join(hit)}"
    return None
