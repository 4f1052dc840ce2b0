"""Audits to report: of recorded hosts, of hosts that say hostile things, of many hosts."""

from collections.abc import Iterable

import host_cases
from rule_cases import PACK, rules

from yiyun.compliance.assessment import Assessment
from yiyun.compliance.attestations import Claim
from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.clauses import roll_up
from yiyun.compliance.engine import Result
from yiyun.compliance.model import Finding, Resource, State, Verdict
from yiyun.operations.audit import host_rules, judge

TAKEN = "2026-11-28T04:00:00+00:00"
FAILING = "sshd_root_login"
"""A rule of hosts that hostile verdicts are said to come from."""


def of(verdicts: Iterable[Verdict], claims: Iterable[Claim] = (), notes: Iterable[str] = (), site="lab") -> Assessment:
    verdicts = tuple(verdicts)
    known = rules()
    catalogue = load_catalogue(PACK)
    ran = {verdict.rule for verdict in verdicts}
    clauses = roll_up(catalogue, known, verdicts, claims, ran=ran)
    return Assessment(site, TAKEN, Result(known, verdicts, tuple(notes), 1), catalogue, clauses)


def recorded(*names: str) -> Assessment:
    kept = [host_cases.recorded(name) for name in names]
    return of(judge(host_rules(rules().values()), kept).verdicts)


def many(hosts: int) -> Assessment:
    """The recorded untouched host, once per name; a tenth of the hosts fails with a text of its own."""
    one = judge(host_rules(rules().values()), [host_cases.recorded("debian-12-untouched")]).verdicts
    return of(
        verdict._replace(
            resource=Resource(host=f"az{number % 3 + 1}-worker-{number:04}"),
            message=f"{verdict.message} ({number})" if verdict.message and number % 10 == 0 else verdict.message,
        )
        for number in range(hosts)
        for verdict in one
    )


def hostile(text: str) -> Assessment:
    """One in which a host, its evidence, a note and a site are all named `text`."""
    host = Resource(host=text or "host", file=text)
    failing = Verdict(FAILING, State.FAIL, host, text, (Finding(text, "a.path", text), Finding(text)))
    return of([failing], notes=[text], site=text)
