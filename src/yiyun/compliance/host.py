"""Typed access to what was read of a host, for rules of scope `host`.

Three answers are told apart: a value; None, which says that the probe looked and the thing is not there; and unknown,
which is a key that no probe gave or an UnknownValue. Reading what is unknown, or of a wrong type, raises `Unevaluated`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from yiyun.compliance.facts import Unevaluated, wrong
from yiyun.compliance.model import Resource

SHOWN = 80


class Facts:
    """A mapping of facts, with its path. Nothing is ever read as empty because it is missing."""

    __slots__ = ("data", "path")

    def __init__(self, data: Mapping[str, Any], path: str) -> None:
        self.data = data
        self.path = path

    def at(self, key: str) -> str:
        """Path of a key below this mapping."""
        return f"{self.path}.{key}" if self.path else key

    def _value(self, key: str) -> Any:
        try:
            return self.data[key]
        except KeyError:
            raise Unevaluated(f"{self.at(key)}: not known") from None

    def there(self, key: str) -> bool:
        """Whether it is there. Raises Unevaluated where nobody looked."""
        value = self._value(key)
        if value is None or isinstance(value, str | bool | int | list | Mapping):
            return value is not None
        raise wrong(self.at(key), "a value", value)

    def knows(self, key: str) -> bool:
        """Whether the probe speaks of it at all: for keys that some releases of a program do not have."""
        return key in self.data

    def text(self, key: str) -> str:
        """Text."""
        value = self._value(key)
        if value.__class__ is str:
            return str(value)
        raise wrong(self.at(key), "text", value)

    def maybe_text(self, key: str) -> str | None:
        """Text, or None for what is not there."""
        return None if self._value(key) is None else self.text(key)

    def flag(self, key: str) -> bool:
        """A boolean."""
        value = self._value(key)
        if value is True or value is False:
            return bool(value)
        raise wrong(self.at(key), "a boolean", value)

    def number(self, key: str) -> int:
        """A whole number."""
        value = self._value(key)
        if value.__class__ is int:
            return int(value)
        raise wrong(self.at(key), "a whole number", value)

    def maybe_number(self, key: str) -> int | None:
        """A whole number, or None for what is not there."""
        return None if self._value(key) is None else self.number(key)

    def texts(self, key: str) -> list[str]:
        """A list of text."""
        value = self._value(key)
        if not isinstance(value, list):
            raise wrong(self.at(key), "a list", value)
        for index, item in enumerate(value):
            if item.__class__ is not str:
                raise wrong(f"{self.at(key)}[{index}]", "text", item)
        return list(value)

    def facts(self, key: str) -> "Facts":
        """A mapping."""
        value = self._value(key)
        if isinstance(value, Mapping):
            return Facts(value, self.at(key))
        raise wrong(self.at(key), "a mapping", value)

    def maybe_facts(self, key: str) -> "Facts | None":
        """A mapping, or None for what is not there."""
        return None if self._value(key) is None else self.facts(key)

    def items(self, key: str) -> list["Facts"]:
        """A list of mappings."""
        value = self._value(key)
        if not isinstance(value, list):
            raise wrong(self.at(key), "a list", value)
        found = []
        for index, item in enumerate(value):
            if not isinstance(item, Mapping):
                raise wrong(f"{self.at(key)}[{index}]", "a mapping", item)
            found.append(Facts(item, f"{self.at(key)}[{index}]"))
        return found

    def each(self, key: str) -> Iterator[tuple[str, "Facts"]]:
        """Name and mapping of each entry of a mapping of mappings."""
        inner = self.facts(key)
        for name in inner.data:
            yield name, inner.facts(name)

    def keys(self) -> list[str]:
        """All keys, also of things that are not there."""
        return list(self.data)


class Host(Facts):
    """One host: `host.facts("sshd")` are the facts of the probe sshd."""

    __slots__ = ("lacks", "problem", "resource", "shared")

    def __init__(
        self, name: str, data: Mapping[str, Any], problem: str | None = None, lacks: tuple[str, ...] = ()
    ) -> None:
        super().__init__(data, "")
        self.resource = Resource(host=name)
        self.problem = problem
        """Why it could not be read at all; None when it was."""
        self.lacks = lacks
        """What such a machine cannot show (a container has no kernel of its own)."""
        self.shared: dict[str, Any] = {}
        """What several rules derive from the facts and keep here, by name."""

    @property
    def name(self) -> str:
        """Name in the inventory."""
        return self.resource.host

    def must_show(self, *capabilities: str) -> None:
        """Raise Unevaluated where the machine lacks one of these, such as `kernel_audit`."""
        missing = [each for each in capabilities if each in self.lacks]
        if missing:
            raise Unevaluated(f"a container cannot show this: it has no {', '.join(missing)} of its own")


def shown(text: str) -> str:
    """Text of a host as a message may show it: short, without control characters."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= SHOWN else printable[: SHOWN - 3] + "..."
