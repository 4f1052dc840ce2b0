"""What a check says: states, severities, resources, findings and verdicts."""

from enum import StrEnum
from typing import Any, NamedTuple


class State(StrEnum):
    """Outcome of one rule for one resource (design decision 8)."""

    PASS = "pass"  # noqa: S105 (a state, no password)
    FAIL = "fail"
    MANUAL = "manual"
    """A person must attest; never fails a gate."""
    NOT_EVALUATED = "not_evaluated"
    """A fact was unknown, unreadable or of a wrong type; fails a gate as `fail` does."""
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"
    """A fail, or objects that nobody saw, that a valid waiver names; never counted as pass."""


class Severity(StrEnum):
    """How bad a finding is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITY_ORDER = {severity: place for place, severity in enumerate(Severity)}
"""Severity -> its place, worst first."""


class Enforcement(StrEnum):
    """Whether a finding of the rule stops a change."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


class Resource(NamedTuple):
    """What was judged. Empty text: does not apply; line 0: not known."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    urn: str = ""
    host: str = ""
    site: str = ""
    file: str = ""
    line: int = 0
    template: str = ""
    """The template of a Helm chart that it was rendered from, as helm names it."""

    @property
    def label(self) -> str:
        """Short name for people: `namespace/Kind/name`, the host, the site or the file."""
        if self.kind:
            return "/".join(part for part in (self.namespace, self.kind, self.name) if part)
        return self.host or self.site or self.file or self.urn

    @property
    def place(self) -> str:
        """Where it stands: `file:line`, or the URN, or nothing; and that it was rendered, where it was."""
        if self.file:
            return (f"{self.file}:{self.line}" if self.line else self.file) + self.rendering
        return self.urn

    @property
    def rendering(self) -> str:
        """That it was rendered, to be put behind other words; empty for what stands in its file as it is."""
        return f" (rendered by helm from {self.template})" if self.template else ""

    def as_json(self) -> dict[str, Any]:
        """All fields, as published in docs/schemas/findings.json; what does not apply is null."""
        return {
            "apiVersion": self.api_version or None,
            "kind": self.kind or None,
            "namespace": self.namespace or None,
            "name": self.name or None,
            "urn": self.urn or None,
            "host": self.host or None,
            "site": self.site or None,
            "file": self.file or None,
            "line": self.line or None,
            "template": self.template or None,
        }


class Finding(NamedTuple):
    """One reason for a fail. Never holds the value of a secret."""

    message: str
    """What is wrong, in one line."""
    path: str = ""
    """Path of the fact inside the object, for example `spec.containers[0].securityContext.privileged`."""
    value: str | int | float | bool | None = None
    """What stands there; None: nothing."""


class Verdict(NamedTuple):
    """What one rule says of one resource."""

    rule: str
    state: State
    resource: Resource
    message: str = ""
    evidence: tuple[Finding, ...] = ()
