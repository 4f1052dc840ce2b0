"""The `@rule` decorator: one decorated function in one file is one rule.

A rule's function gets typed facts and yields a `Finding` for each reason to fail; no finding is a pass. It may raise
`NotApplicable`, `NeedsPerson` or `Unevaluated` with the reason. Its arguments follow from its scope:

- `object`: `def my_rule(obj)`, judged from the object alone; with `needs_site=True`: `def my_rule(obj, site)`;
- `objects`: `def my_rule(obj, world)`, judged with all other objects of the input in view;
- `site`: `def my_rule(site)`, judged once for the site;
- `host`: `def my_rule(host)`, judged from what the named `probes` read of one host; with `needs_site=True`:
  `def my_rule(host, site)`.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from yiyun.compliance.admission import Admission
from yiyun.compliance.api_resources import REMOVED
from yiyun.compliance.model import Enforcement, Finding, Severity

Scope = Literal["object", "objects", "site", "host"]
Tier = Literal["fast", "deep"]
Check = Callable[..., Iterable[Finding]]
CLAUSE = re.compile(r"8\.[12]\.\d{1,2}\.\d{1,2}-[a-z]")
BASELINE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*:[a-z0-9]+(-[a-z0-9]+)*")
REFERENCE = re.compile(r"(?!.*://)\S.*\S")
RULE_ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Rule:
    """A rule with its metadata. `id` is the name of its function and of its file."""

    id: str
    clauses: tuple[str, ...]
    """GB/T 22239-2019 items, for example `8.1.3.2-a`; empty where only a baseline asks for it."""
    baseline: str | None
    """Where else the rule comes from, for example `kubernetes-pss-restricted:privileged`."""
    severity: Severity
    enforcement: Enforcement
    scope: Scope
    kinds: tuple[str, ...]
    """Kinds it judges, `group/Kind` or `Kind`; empty for scope `site`."""
    needs_site: bool
    """Left out (and named in the report's notes) where no site is given."""
    across_stacks: bool
    """Its facts lie in more than one stack: a preview of one stack leaves it to the gate over all."""
    title_zh: str
    title_en: str
    rationale: str
    remediation: str
    check: Check
    probes: tuple[str, ...] = ()
    """What it reads of a host, by name; only for scope `host`."""
    tier: Tier = "fast"
    """`deep`: reads a probe that walks trees, which an audit does on demand."""
    needs: tuple[str, ...] = ()
    """What a machine must have of its own to show it, such as `kernel_audit`, which a container lacks."""
    admission: tuple[Admission, ...] = ()
    """What an API server can judge of it by itself; empty: nothing."""
    references: tuple[str, ...] = ()
    """Technical documents beyond its clauses, by name: `sshd_config(5) PermitRootLogin`, `Kubernetes: Pod Security
    Standards`. Empty where the clause, or the site's own consent, is all there is."""

    @property
    def sources(self) -> str:
        """Clauses, or the baseline where there is no clause."""
        return ", ".join(self.clauses) or self.baseline or ""


def rule(
    *,
    severity: Severity,
    title_zh: str,
    title_en: str,
    rationale: str,
    remediation: str,
    clauses: Iterable[str] = (),
    baseline: str | None = None,
    enforcement: Enforcement = Enforcement.MANDATORY,
    kinds: Iterable[str] = (),
    scope: Scope = "object",
    needs_site: bool = False,
    across_stacks: bool = False,
    probes: Iterable[str] = (),
    tier: Tier = "fast",
    needs: Iterable[str] = (),
    admission: Admission | Iterable[Admission] = (),
    references: Iterable[str] = (),
) -> Callable[[Check], Rule]:
    """Make a rule of a function. Raises ValueError when its metadata do not hold together."""

    def decorate(check: Check) -> Rule:
        made = Rule(
            id=getattr(check, "__name__", ""),
            clauses=tuple(clauses),
            baseline=baseline,
            severity=Severity(severity),
            enforcement=Enforcement(enforcement),
            scope=scope,
            kinds=tuple(kinds),
            needs_site=needs_site or scope == "site",
            across_stacks=across_stacks,
            title_zh=title_zh,
            title_en=title_en,
            rationale=rationale,
            remediation=remediation,
            check=check,
            probes=tuple(probes),
            tier=tier,
            needs=tuple(needs),
            admission=(admission,) if isinstance(admission, Admission) else tuple(admission),
            references=tuple(references),
        )
        _verify(made)
        return made

    return decorate


def _verify(made: Rule) -> None:
    texts = (made.title_zh, made.title_en, made.rationale, made.remediation)
    alone = made.scope in ("object", "host") and not made.needs_site
    wanted = 1 if made.scope == "site" or alone else 2
    complaints: list[tuple[Any, str]] = [
        (not RULE_ID.fullmatch(made.id), f"id {made.id!r} must be lower-case words joined by _"),
        ([c for c in made.clauses if not CLAUSE.fullmatch(c)], f"clauses {made.clauses} must look like 8.1.3.2-a"),
        (made.baseline is not None and not BASELINE.fullmatch(made.baseline), "baseline must look like name:control"),
        (not made.clauses and not made.baseline, "a rule without clauses needs a baseline"),
        (not all(text.strip() for text in texts), "title_zh, title_en, rationale and remediation must not be empty"),
        (
            (made.scope in ("site", "host")) == bool(made.kinds),
            "kinds are for the scopes object and objects, which need them",
        ),
        ((made.scope == "host") != bool(made.probes), "probes are for the scope host, which needs them"),
        (bool(made.needs) and made.scope != "host", "needs are for the scope host"),
        (made.admission and (made.scope != "object" or made.needs_site), "admission is for rules on an object alone"),
        (made.admission and not _covered(made), "admission must name each of its kinds once"),
        (
            any(not REFERENCE.fullmatch(each) for each in made.references),
            f"references {made.references} must be names of documents, not addresses",
        ),
        (len(inspect.signature(made.check).parameters) != wanted, f"its function must take {wanted} argument(s)"),
    ]
    for wrong, text in complaints:
        if wrong:
            raise ValueError(text)


def _covered(made: Rule) -> bool:
    """Whether the expressions for the API server are for exactly the rule's kinds, as far as a server has them."""
    named = [kind for each in made.admission for kind in each.kinds or made.kinds]
    return sorted(named) == sorted(kind for kind in made.kinds if kind not in REMOVED or kind in named)
