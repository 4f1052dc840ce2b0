"""All objects of one input, indexed, for rules that look at more than one object."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from yiyun.compliance.facts import Map, Object

if TYPE_CHECKING:
    from yiyun.site import Site


Source = Callable[[str], Iterable[Object]]
"""Gives all objects of a kind (`group/Kind`). Raises Unevaluated, each time it is asked, where they cannot be read."""


class World:
    """The objects of the input and, when one is given, the site they belong to."""

    def __init__(self, objects: Iterable[Object], site: "Site | None" = None, source: Source | None = None) -> None:
        """`source`: is asked once for each kind that somebody wants; without one the objects are all there are."""
        self.site = site
        self._source = source
        self._asked: set[str] = set()
        self.shared: dict[str, Any] = {}
        """Indexes that several rules derive from the objects and keep here, by name."""
        self._kinds: dict[str, list[Object]] = {}
        self._namespaces: dict[tuple[str, str], list[Object]] = {}
        self._names: dict[tuple[str, str, str], Object] = {}
        self._selectors: dict[tuple[str, str, str], tuple[dict[tuple[str, str], list[Object]], list[Object]]] = {}
        self._add(objects)

    def _add(self, objects: Iterable[Object]) -> None:
        for obj in objects:
            resource = obj.resource
            self._kinds.setdefault(obj.id, []).append(obj)
            self._namespaces.setdefault((obj.id, resource.namespace), []).append(obj)
            self._names.setdefault((obj.id, resource.namespace, resource.name), obj)

    def _have(self, kind: str) -> None:
        """Ask the source for a kind that was not asked for yet. Raises Unevaluated."""
        if self._source is not None and kind not in self._asked:
            self._add(self._source(kind))
            self._asked.add(kind)

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """All objects of a kind (`group/Kind`), in one namespace when given."""
        self._have(kind)
        if namespace is None:
            return self._kinds.get(kind, [])
        return self._namespaces.get((kind, namespace), [])

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object of that name; `namespace` is empty for kinds without one."""
        self._have(kind)
        return self._names.get((kind, namespace, name))

    def selecting(self, kind: str, namespace: str, selector: str, labels: dict[str, str]) -> list[Object]:
        """Objects of a kind in a namespace whose label selector at path `selector` takes `labels`.

        Each object is filed under one of its required labels, so that a namespace with thousands of selectors
        and thousands of pods still takes time in proportion to their sum.
        """
        key = (kind, namespace, selector)
        if key not in self._selectors:
            filed: dict[tuple[str, str], list[Object]] = {}
            rest: list[Object] = []
            for obj in self.all(kind, namespace):
                required = obj.elsewhere.walk(selector).text_map("matchLabels")
                if required:
                    filed.setdefault(next(iter(required.items())), []).append(obj)
                else:
                    rest.append(obj)
            self._selectors[key] = (filed, rest)
        filed, rest = self._selectors[key]
        candidates = [obj for item in labels.items() for obj in filed.get(item, ())] + rest
        return [obj for obj in candidates if selects(obj.elsewhere.walk(selector), labels)]


def selects(selector: Map, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector takes an object with these labels. An empty selector takes everything."""
    if any(labels.get(key) != value for key, value in selector.text_map("matchLabels").items()):
        return False
    return all(matches(expression, labels) for expression in selector.maps("matchExpressions"))


def takes_everything(selector: Map) -> bool:
    """Whether a LabelSelector takes every object: it wants no label, however that is written."""
    return not (selector.text_map("matchLabels") or selector.maps("matchExpressions"))


def matches(expression: Map, labels: dict[str, str]) -> bool:
    """Whether one `key, operator, values` expression holds for these labels."""
    key, operator, values = expression.text("key"), expression.text("operator"), expression.texts("values")
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    return False
