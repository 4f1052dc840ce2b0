"""What an API server can judge of a rule by itself: an expression in CEL, as a ValidatingAdmissionPolicy takes it.

An expression is true for exactly those objects that the gate lets through (pass, not applicable), and false, or an
error, for those that it stops (fail, not evaluated). It is written for an object as the server sees it: decoded,
converted to the policy's version and with its defaults filled in. A rule whose facts the server fills in by itself, or
that looks beyond the object, has none.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Admission:
    """One expression for some kinds of a rule.

    It may use `variables.pod` (the pod's specification) and `variables.annotations` (those of the pod), wherever
    the kinds of POD_PATHS keep them.
    """

    expression: str
    kinds: tuple[str, ...] = ()
    """Kinds it is for, `group/Kind` or `Kind`; none: all of the rule's."""
    parts: tuple[str, ...] = ("spec",)
    """Parts of the object that it reads, as dotted paths: an update that leaves them alone is not judged."""
    name: str = ""
    """Tells the policies of one rule apart, where it has several."""


def cel(value: Any) -> str:
    """A text, number or list of them as CEL writes it."""
    return json.dumps(value, ensure_ascii=False)


def or_empty(path: str, empty: str) -> str:
    """The value at an optional path (`object.?spec.?a.?b`), `empty` (`[]`, `{}`, `0`) where it is absent or null."""
    holder, _, key = path.rpartition(".?")
    return f"optional.ofNonZeroValue(dyn({holder}).?{key}.orValue({empty})).orValue({empty})"


def every_container(predicate: str, *, but: str = "") -> Admission:
    """Every container `c` of a pod, init and ephemeral ones included, is as `predicate` says, or the pod as `but` says."""
    every = " && ".join(f"{each}.all(c, {predicate})" for each in _CONTAINERS)
    return Admission(f"{but} || ({every})" if but else every)


def every_context(predicate: Callable[[str], str]) -> str:
    """An expression on every security context of a pod: the pod's own, then each container's.

    `predicate` gets an optional value that holds the context and gives the text of the condition.
    """
    inner = predicate("c.?securityContext")
    each = [f"{containers}.all(c, {inner})" for containers in _CONTAINERS]
    return " && ".join([predicate("variables.pod.?securityContext"), *each])


_CONTAINERS = (
    "variables.pod.containers",
    "variables.pod.?initContainers.orValue([])",
    "variables.pod.?ephemeralContainers.orValue([])",
)
WINDOWS = "variables.pod.?os.?name.orValue('') == 'windows'"
"""Whether a pod is declared for Windows nodes."""
