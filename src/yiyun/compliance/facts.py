"""Typed access to a Kubernetes object for rules.

Absent (or null) is a fact; unknown is not. Reading an unknown value, or one of a wrong type, raises `Unevaluated`,
which the engine turns into `not_evaluated`: a rule never passes on what it could not read, and never crashes on it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from yiyun.compliance.model import Resource
from yiyun.evidence.unknown import UnknownValue


class Unevaluated(Exception):  # noqa: N818 (an outcome, as the next two)
    """The rule could not be evaluated; the text says why, without the value itself."""


class NotApplicable(Exception):  # noqa: N818
    """The rule says nothing about this resource; the text says why."""


class NeedsPerson(Exception):  # noqa: N818
    """No machine can decide this; the text says what a person must show."""


_NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}


def wrong(path: str, wanted: str, value: Any) -> Unevaluated:
    """The error for a value that is unknown or of a wrong type."""
    if isinstance(value, UnknownValue):
        return Unevaluated(f"{path}: {value.reason}")
    if value is None:
        return Unevaluated(f"{path}: {wanted} is required and absent")
    return Unevaluated(f"{path}: must be {wanted}, is {_NAMES.get(type(value), type(value).__name__)}")


class Map:
    """A mapping inside an object, with its path. An absent mapping reads as an empty one."""

    __slots__ = ("data", "path")

    def __init__(self, data: Mapping[str, Any], path: str) -> None:
        self.data = data
        self.path = path

    def __bool__(self) -> bool:
        return bool(self.data)

    def at(self, key: str) -> str:
        """Path of a key below this mapping."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the key is there with a value other than null. An unknown value counts as there."""
        return self.data.get(key) is not None

    def keys(self) -> list[str]:
        """All keys with a value other than null."""
        return [key for key, value in self.data.items() if value is not None]

    def flag(self, key: str) -> bool | None:
        """A boolean, None when absent."""
        value = self.data.get(key)
        if value is None or value is True or value is False:
            return value
        raise wrong(self.at(key), "a boolean", value)

    def text(self, key: str) -> str:
        """Text, empty when absent."""
        value = self.data.get(key)
        if value.__class__ is str:
            return value
        if value is None:
            return ""
        raise wrong(self.at(key), "text", value)

    def number(self, key: str) -> int | None:
        """A whole number, None when absent. Previews carry every number as a float: 3.0 is the whole number 3."""
        value = self.data.get(key)
        if value is None or value.__class__ is int:
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise wrong(self.at(key), "a whole number", value)

    def scalar(self, key: str) -> str | int | None:
        """Text or a whole number (ports, quantities), None when absent."""
        value = self.data.get(key)
        if value is None or value.__class__ is str or value.__class__ is int:
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise wrong(self.at(key), "text or a whole number", value)

    def count(self, key: str) -> int | None:
        """A whole number that may be written as text, None when absent."""
        value = self.scalar(key)
        if isinstance(value, str):
            if not (value.isascii() and value.isdigit() and len(value) < 10):
                raise wrong(self.at(key), "a whole number", value)
            return int(value)
        return value

    def map(self, key: str) -> "Map":
        """A mapping, an empty one when absent."""
        value = self.data.get(key)
        if value is None:
            return Map({}, self.at(key))
        if isinstance(value, Mapping):
            return Map(value, self.at(key))
        raise wrong(self.at(key), "a mapping", value)

    def walk(self, path: str) -> "Map":
        """The mapping at a dotted path below this one, an empty one when any part is absent."""
        found = self
        for key in path.split("."):
            found = found.map(key)
        return found

    def items(self, key: str) -> list[Any]:
        """A list as it is, an empty one when absent."""
        value = self.data.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise wrong(self.at(key), "a list", value)

    def maps(self, key: str) -> list["Map"]:
        """A list of mappings, an empty one when absent."""
        values = self.items(key)
        path = self.at(key)
        found = []
        for index, value in enumerate(values):
            if not isinstance(value, Mapping):
                raise wrong(f"{path}[{index}]", "a mapping", value)
            found.append(Map(value, f"{path}[{index}]"))
        return found

    def texts(self, key: str) -> list[str]:
        """A list of text, an empty one when absent."""
        values = self.items(key)
        for index, value in enumerate(values):
            if value.__class__ is not str:
                raise wrong(f"{self.at(key)}[{index}]", "text", value)
        return values

    def text_map(self, key: str) -> dict[str, str]:
        """A mapping of text to text (labels, selectors), empty when absent; a null value reads as empty text."""
        inner = self.map(key)
        for name, value in inner.data.items():
            if value.__class__ is not str and value is not None:
                raise wrong(inner.at(name), "text", value)
        return {name: value or "" for name, value in inner.data.items()}

    def each(self, key: str) -> Iterator[tuple[str, "Map"]]:
        """Name and mapping of each entry of a mapping of mappings."""
        inner = self.map(key)
        for name in inner.keys():  # noqa: SIM118 (a method of ours, not of a dict)
            yield name, inner.map(name)


class Object:
    """One Kubernetes object, as rules see it."""

    __slots__ = ("data", "id", "resource", "root", "shared")

    def __init__(self, data: Mapping[str, Any], resource: Resource) -> None:
        self.data = data
        self.resource = resource
        self.root = Map(data, "")
        self.id = kind_id(resource.api_version, resource.kind)
        """`group/Kind` without the version, `Kind` in the core group."""
        self.shared: dict[str, Any] = {}
        """What several rules derive from the object and keep here, by name."""

    @property
    def elsewhere(self) -> Map:
        """The object as seen from a rule that judges another one: paths begin with its name."""
        return Map(self.data, f"({self.resource.label})")

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.resource.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`, empty when not given."""
        return self.resource.namespace

    @property
    def metadata(self) -> Map:
        """`metadata`."""
        return self.root.map("metadata")

    @property
    def labels(self) -> Map:
        """`metadata.labels`."""
        return self.metadata.map("labels")

    @property
    def annotations(self) -> Map:
        """`metadata.annotations`."""
        return self.metadata.map("annotations")

    @property
    def spec(self) -> Map:
        """`spec`."""
        return self.root.map("spec")


_KIND_IDS: dict[tuple[str, str], str] = {}


def kind_id(api_version: str, kind: str) -> str:
    """`apps/Deployment` for apps/v1 Deployment, `Pod` for v1 Pod."""
    known = _KIND_IDS.get((api_version, kind))
    if known is None:
        group, slash, _ = api_version.partition("/")
        known = _KIND_IDS[api_version, kind] = f"{group}/{kind}" if slash else kind
    return known


def make_object(data: Mapping[str, Any], *, file: str = "", line: int = 0, urn: str = "", template: str = "") -> Object:
    """Wrap one object. A name or namespace that is not known yet reads as `?`."""
    metadata = data.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    name = names.get("name") or names.get("generateName") or ""
    namespace = names.get("namespace") or ""
    version, kind = data.get("apiVersion"), data.get("kind")
    resource = Resource(
        version if isinstance(version, str) else "?",
        kind if isinstance(kind, str) else "?",
        namespace if isinstance(namespace, str) else "?",
        name if isinstance(name, str) else "?",
        urn,
        "",
        "",
        file,
        line,
        template,
    )
    return Object(data, resource)
