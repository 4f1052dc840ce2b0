"""Pods as rules see them: the pod template of every kind that has one, with all its containers."""

from yiyun.compliance.facts import Map, Object, Unevaluated

_TEMPLATE = "spec.template.spec"
POD_PATHS = {
    "Pod": "spec",
    "PodTemplate": "template.spec",
    "ReplicationController": _TEMPLATE,
    "apps/DaemonSet": _TEMPLATE,
    "apps/Deployment": _TEMPLATE,
    "apps/ReplicaSet": _TEMPLATE,
    "apps/StatefulSet": _TEMPLATE,
    "batch/CronJob": "spec.jobTemplate.spec.template.spec",
    "batch/Job": _TEMPLATE,
    "extensions/DaemonSet": _TEMPLATE,
    "extensions/Deployment": _TEMPLATE,
    "extensions/ReplicaSet": _TEMPLATE,
}
"""Kind -> path of its pod spec."""
HELD = "other kinds that hold a pod"
"""Among a rule's kinds: it judges the pods of every other kind too, see held_pods.py."""
POD_KINDS = (*POD_PATHS, HELD)
SERVING_KINDS = (
    "Pod",
    "ReplicationController",
    "apps/DaemonSet",
    "apps/Deployment",
    "apps/ReplicaSet",
    "apps/StatefulSet",
)
"""Kinds whose pods run on until stopped."""
REPLICATED_KINDS = ("apps/Deployment", "apps/StatefulSet", "apps/ReplicaSet", "ReplicationController")
"""Kinds with `spec.replicas` interchangeable pods."""


class Container:
    """One container: regular, init or ephemeral."""

    __slots__ = ("facts", "name", "role", "security")

    def __init__(self, facts: Map, role: str, name: str = "") -> None:
        self.facts = facts
        self.role = role
        """`container`, `init container` or `ephemeral container`."""
        self.name = name or f"{role} {facts.text('name') or '?'}"
        """For messages: role and name."""
        self.security = facts.map("securityContext")


ROLES = {"containers": "container", "initContainers": "init container", "ephemeralContainers": "ephemeral container"}
"""Key of a pod spec -> what the containers in its list are."""


class Pod:
    """A pod spec and all its containers."""

    __slots__ = ("containers", "security", "serving", "spec", "template", "windows")

    def __init__(self, spec: Map, template: Map, containers: list[Container], security: Map) -> None:
        self.spec = spec
        self.template = template
        """What holds the pod's metadata."""
        self.security = security
        """The pod's own security context."""
        self.windows = "os" in spec.data and spec.map("os").text("name") == "windows"
        """Declared for Windows nodes: Linux' security fields must not be set there."""
        self.containers = containers
        """All containers, init and ephemeral ones included."""
        self.serving = [each for each in containers if each.role == "container"]
        """The regular containers."""

    def contexts(self) -> list[tuple[str, Map]]:
        """Every security context with its holder's name, for messages: the pod's own, then each container's."""
        return [("the pod", self.security), *((each.name, each.security) for each in self.containers)]


def pod(obj: Object) -> Pod:
    """The pod of an object of POD_KINDS. Raises Unevaluated when it has none that can be read."""
    found = obj.shared.get("pod")
    if found is None:
        template, spec = _template(obj), obj.root.walk(POD_PATHS[obj.id])
        if not spec.items("containers"):
            raise Unevaluated(f"{spec.at('containers')}: at least one container is required")
        containers = [
            Container(facts, role) for key, role in ROLES.items() if key in spec.data for facts in spec.maps(key)
        ]
        found = obj.shared["pod"] = Pod(spec, template, containers, spec.map("securityContext"))
    return found


def pod_labels(obj: Object) -> dict[str, str]:
    """Labels of the pods that an object of POD_PATHS makes."""
    return _template(obj).map("metadata").text_map("labels")


def _template(obj: Object) -> Map:
    path = POD_PATHS[obj.id].removesuffix("spec").removesuffix(".")
    return obj.root.walk(path) if path else obj.root
