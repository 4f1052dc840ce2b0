"""Pods that objects of other kinds hold (CloneSet, Rollout, Workflow, Knative Service, any custom resource), found by shape.

A mapping with a list `containers` that all name an image is a pod specification wherever it stands, and is judged as a
Deployment's. What only changes a pod that a controller makes (a container without an image, `hostNetwork`, a security
context) is judged for what it sets: what it leaves out may come from elsewhere, and is neither a fail nor a pass.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from yiyun.compliance.facts import Map, Object, Unevaluated
from yiyun.compliance.pods import ROLES, Container, Pod
from yiyun.evidence.unknown import UnknownValue

_WITHOUT = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io",
    "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io",
    "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io",
    "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "storagemigration.k8s.io",
    # Policy engines: what looks like a pod in them is a pattern of pods.
    "constraints.gatekeeper.sh", "expansion.gatekeeper.sh", "kyverno.io", "mutations.gatekeeper.sh",
    "policies.kubewarden.io", "policies.kyverno.io", "templates.gatekeeper.sh",
})  # fmt: skip
"""API groups that are not looked into: Kubernetes' own, whose kinds with pods stand in POD_PATHS, and patterns."""
_ARGO = "argoproj.io"
"""Its templates hold one container, and take from what is around them what they do not say themselves."""
_LISTS = {**ROLES, "sidecars": "sidecar", "steps": "step"}
"""Key -> what the containers in its list are. The last two are Argo's and Tekton's, for what has an image."""
_SINGLE = ("container", "script")
"""Keys of one container."""
_SHARED = ("hostNetwork", "hostPID", "hostIPC")
_ACCOUNT = ("serviceAccountName", "serviceAccount", "automountServiceAccountToken")
_TELLING = frozenset({*_LISTS, *_SINGLE, *_SHARED, "securityContext", "volumes", "podSpecPatch", "resource"})
"""Keys without which a mapping itself is no pod, nor a part of one."""
_ENDINGS = (
    "spec",
    "specs",
    "template",
    "templates",
    "pod",
    "pods",
    "container",
    "containers",
    "tasks",
    "script",
    "manifest",
    "manifests",
)
"""Ends of keys under which a pod may stand: where their value is unknown, so is whether it holds one."""


_SCALARS = (str, int, float, type(None))


class HeldPod(NamedTuple):
    """One pod, or part of one, inside an object."""

    path: str
    """Where it stands."""
    look: Object | None
    """The object with this pod as its own, for rules; None where it could not be read."""
    whole: bool
    """Whether all of the pod stands there; else it is judged only for what it sets."""
    problem: str = ""
    """Why it could not be read."""


def held_pods(obj: Object) -> list[HeldPod]:
    """All pods and parts of pods in an object of a kind that is not Kubernetes' own, in the order of the document."""
    return list(_held(obj)) if _may_hold(obj.id) else []


@cache
def _may_hold(kind: str) -> bool:
    return kind.rpartition("/")[0] not in _WITHOUT


class _Place(NamedTuple):
    """A value on the way through an object."""

    key: str
    path: str
    value: Any
    above: tuple[Map, ...]
    """The mappings around it, outermost first."""


def _held(obj: Object) -> Iterator[HeldPod]:
    argo = obj.id.startswith(f"{_ARGO}/")
    tops = [
        _Place(key, key, value, (obj.root,)) for key, value in obj.data.items() if key not in ("metadata", "status")
    ]
    todo = tops[::-1]
    while todo:
        place = todo.pop()
        value = place.value
        if isinstance(value, Mapping):
            here = Map(value, place.path)
            if not _TELLING.isdisjoint(value):
                yield from _in(obj, place, here, argo=argo)
            above = (*place.above, here)
            inner = [
                _Place(str(key), here.at(key), each, above)
                for key, each in value.items()
                if not isinstance(each, _SCALARS) and key != "securityContext" and not _is_container(key, each)
            ]
            todo += inner[::-1]
        elif isinstance(value, list):
            items = [
                _Place(place.key, f"{place.path}[{i}]", each, place.above)
                for i, each in enumerate(value)
                if not isinstance(each, _SCALARS)
            ]
            todo += items[::-1]
        elif isinstance(value, UnknownValue) and place.key.lower().endswith(_ENDINGS):
            yield HeldPod(place.path, None, whole=True, problem=f"{place.path}: {value.reason}; it may hold a pod")


def _in(obj: Object, place: _Place, here: Map, *, argo: bool) -> Iterator[HeldPod]:
    """The pod, or the part of one, that a mapping itself is."""
    data = here.data
    single = [key for key in _SINGLE if _is_container(key, data.get(key))]
    whole = _all_have_images(data.get("containers")) or (
        argo and any(data[key].get("image") is not None for key in single)
    )
    if argo:
        yield from _unread_text(here)
    if not (whole or _set(data) or any(_is_container(key, data.get(key)) for key in (*_LISTS, *_SINGLE))):
        return
    try:
        containers = [
            Container(facts, role)
            for key, role in _LISTS.items()
            if _is_container(key, data.get(key)) or (whole and key in ROLES)
            for facts in here.maps(key)
        ]
        containers += [Container(here.map(key), "container", here.at(key)) for key in single]
        security = here.map("securityContext")
        spec = here
        if whole and argo:
            security, spec = _inherited(here, place.above)
        elif not whole:
            spec = _only(here, _set(data))
            if security and not containers:
                containers = [Container(_only(here, ("securityContext",)), "container", here.path)]
        template = place.above[-1] if place.key == "spec" else here
        look = Object(obj.data, obj.resource)
        look.shared["pod"] = Pod(spec, template, containers, security)
    except Unevaluated as error:
        yield HeldPod(here.path, None, whole=whole, problem=str(error))
    else:
        yield HeldPod(here.path, look, whole=whole)


def _is_container(key: str, value: Any) -> bool:
    """Whether what stands under a key is containers: then it is read with the mapping around it."""
    if key in ROLES:
        return isinstance(value, list) and any(isinstance(each, Mapping) for each in value)
    if key in _LISTS:
        return isinstance(value, list) and any(isinstance(each, Mapping) and "image" in each for each in value)
    return key in _SINGLE and isinstance(value, Mapping) and ("image" in value or "securityContext" in value)


def _all_have_images(value: Any) -> bool:
    """Whether a list is all of a pod's containers; those that are not known are left to the reader of the list."""
    if not isinstance(value, list):
        return False
    known = [each for each in value if not isinstance(each, UnknownValue)]
    return bool(known) and all(isinstance(each, Mapping) and each.get("image") is not None for each in known)


def _set(data: Mapping[str, Any]) -> list[str]:
    """Keys by which a mapping that is no whole pod sets something that the rules on pods judge, beside containers."""
    volumes = data.get("volumes")
    found = [key for key in _SHARED if isinstance(data.get(key), bool | UnknownValue)]
    if isinstance(data.get("securityContext"), Mapping | UnknownValue):
        found.append("securityContext")
    if isinstance(volumes, list) and any(isinstance(each, Mapping) and "hostPath" in each for each in volumes):
        found.append("volumes")
    return found


def _only(here: Map, keys: Iterable[str]) -> Map:
    return Map({key: here.data[key] for key in keys if key in here.data}, here.path)


def _inherited(here: Map, above: tuple[Map, ...]) -> tuple[Map, Map]:
    """Security context and specification of an Argo template: the nearest mapping that says something decides."""
    around = [here, *above[::-1]]
    says = next((each for each in around if each.has("securityContext")), here)
    taken: dict[str, Any] = {}
    for each in above:
        taken |= {key: each.data[key] for key in _ACCOUNT if each.has(key)}
    return says.map("securityContext"), Map({**taken, **here.data}, here.path)


def _unread_text(here: Map) -> Iterator[HeldPod]:
    """Parts of an Argo template in which a text makes or changes objects."""
    if here.has("podSpecPatch"):
        path = here.at("podSpecPatch")
        yield HeldPod(path, None, whole=True, problem=f"{path}: the pod is changed by a text, which was not read")
    resource = here.data.get("resource")
    if isinstance(resource, Mapping) and resource.get("manifest") is not None:
        path = here.at("resource.manifest")
        yield HeldPod(path, None, whole=True, problem=f"{path}: an object is made from a text, which was not read")
