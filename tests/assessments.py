"""Audits to report: of recorded hosts, of hosts that say hostile things, of many hosts."""

from collections.abc import Iterable
from datetime import date
from functools import cache

from yiyun.compliance.assessment import Assessment
from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import Catalogue, load_catalogue
from yiyun.compliance.clauses import roll_up
from yiyun.compliance.engine import Result, judge_host
from yiyun.compliance.host import Host
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Finding, Resource, State, Verdict
from yiyun.compliance.rule import Rule
from yiyun.evidence.hosts import capabilities, probes, records
from yiyun.paths import CHECKOUT

TAKEN = "2026-11-28T04:00:00+00:00"
PACK = CHECKOUT / "policies" / "mlps3"
FAR = date(2099, 12, 31)
FAILING = "sshd_root_login"
"""A rule of hosts that hostile verdicts are said to come from."""


@cache
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in load_rules(PACK)}


@cache
def _catalogue() -> Catalogue:
    return load_catalogue(PACK)


def of(verdicts: Iterable[Verdict], claims: Iterable[Claim] = (), notes: Iterable[str] = (), site="lab") -> Assessment:
    verdicts = tuple(verdicts)
    known = rules()
    catalogue = _catalogue()
    ran = {verdict.rule for verdict in verdicts}
    clauses = roll_up(catalogue, known, verdicts, claims, ran=ran)
    return Assessment(site, TAKEN, Result(known, verdicts, tuple(notes), 1), catalogue, clauses)


@cache
def _judged(name: str) -> tuple[Verdict, ...]:
    kept = records.load_one(CHECKOUT / "tests" / "recorded" / "hosts" / name)
    host = Host(name, records.facts(kept, probes.load()), kept.problem, tuple(capabilities.lacking(kept.container)))
    return tuple(judge_host([rule for rule in rules().values() if not rule.needs_site], host))


def recorded(*names: str) -> Assessment:
    return of(verdict for name in names for verdict in _judged(name))


def many(hosts: int) -> Assessment:
    """The recorded untouched host, once per name; a tenth of the hosts fails with a text of its own."""
    one = _judged("debian-12-untouched")
    return of(
        verdict._replace(
            resource=Resource(host=f"az{number % 3 + 1}-worker-{number:04}"),
            message=f"{verdict.message} ({number})" if verdict.message and number % 10 == 0 else verdict.message,
        )
        for number in range(hosts)
        for verdict in one
    )


def hostile(*texts: str) -> Assessment:
    """One in which hosts, their evidence, notes and the site are named by these texts."""
    failing = (
        Verdict(
            FAILING, State.FAIL, Resource(host=text, file=text), text, (Finding(text, "a.path", text), Finding(text))
        )
        for text in texts
    )
    return of(failing, notes=texts, site=texts[0])
