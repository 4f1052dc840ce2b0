"""The live audit of hosts: read each once, keep what it said, judge it by the rules of a pack."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from yiyun.compliance.attestations import read_attestations
from yiyun.compliance.catalogue import Catalogue, load_catalogue
from yiyun.compliance.clauses import ClauseVerdict, roll_up
from yiyun.compliance.engine import Result, judge_host
from yiyun.compliance.host import Host
from yiyun.compliance.loader import load_rules
from yiyun.compliance.report_clauses import clauses_json
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.errors import UserError
from yiyun.evidence.hosts import capabilities, probes, records
from yiyun.evidence.hosts.collect import collect
from yiyun.evidence.hosts.probe import Wanted
from yiyun.evidence.hosts.probes import Probe
from yiyun.evidence.hosts.records import HostRecord
from yiyun.lab import files
from yiyun.operations.hosts import access
from yiyun.site import Site

Report = Callable[[str], None]
HOSTS = "hosts"
"""Directory of the hosts' records below the one that `--out` names."""
CLAUSES = "clauses.json"
"""File of the clauses beside it."""


@dataclass(frozen=True)
class Audit:
    """What one audit found, and what it was found in."""

    result: Result
    records: Sequence[HostRecord]
    catalogue: Catalogue
    clauses: Mapping[str, ClauseVerdict]
    """By clause, every clause of the catalogue. Rules of other scopes were not run, so many are not checked."""


def audit_hosts(
    site: Site, names: Sequence[str], pack: Path, report: Report, out: Path | None = None, *, deep: bool = False
) -> Audit:
    """Read these hosts and judge them. With `out` their evidence is kept there.

    `deep` also runs the probes that walk trees. Raises UserError for a broken pack, a site that was never adopted, and
    an `out` that holds an audit already.
    """
    rules = load_rules(pack)
    wanted = wanted_probes(host_rules(rules), deep=deep)
    if out is not None and (out / HOSTS).exists():
        raise UserError(
            f"{out / HOSTS}: exists already; every audit gets a directory of its own, so that it can be compared"
        )
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    commands = Wanted(commands=tuple(probe.command for probe in wanted.values()))
    report(f"reading {len(names)} hosts, {len(wanted)} probes each")
    found = collect(
        access.config_file(site),
        dict.fromkeys(names, commands),
        lambda facts: report(f"{facts.name}: {facts.problem or 'read'}"),
    )
    kept = [records.record(found[name], wanted, taken) for name in names]
    if out is not None:
        for each in kept:
            records.save(out / HOSTS, each)
        report(f"evidence of {len(kept)} hosts is in {out / HOSTS}")
    audit = _audit(pack, rules, kept, site)
    if out is not None:
        files.write(out / CLAUSES, clauses_json(audit.clauses) + "\n", mode=0o644)
    return audit


def audit_evidence(directory: Path, pack: Path, site: Site | None = None) -> Audit:
    """Judge evidence that an earlier audit kept. Raises UserError, naming the file, where there is none."""
    return _audit(pack, load_rules(pack), records.load(directory / HOSTS), site)


def _audit(pack: Path, rules: Sequence[Rule], kept: Sequence[HostRecord], site: Site | None) -> Audit:
    today = datetime.now(UTC).astimezone().date()
    result = judge(host_rules(rules), kept, site)
    if site is not None:
        result = apply_waivers(result, load_waivers(site.path / "waivers.yaml"), today)
    catalogue = load_catalogue(pack)
    claims = read_attestations(site.path, catalogue, today) if site else ()
    ran = {verdict.rule for verdict in result.verdicts}
    known = {rule.id: rule for rule in rules}
    clauses = roll_up(catalogue, known, result.verdicts, claims, ran=ran, unseen=_unseen(kept, site))
    return Audit(result, kept, catalogue, clauses)


def _unseen(kept: Sequence[HostRecord], site: Site | None) -> list[str]:
    """Hosts of the site that the evidence lacks; without a site nobody knows which hosts there are."""
    if site is None:
        return ["the site (give --site)"]
    seen = {each.name for each in kept}
    return [host.name for host in site.hosts if host.name not in seen]


def host_rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Those of scope `host`. Raises UserError for one that names a probe that does not exist."""
    found = tuple(rule for rule in rules if rule.scope == "host")
    known = probes.load()
    for rule in found:
        missing = [name for name in rule.probes if name not in known]
        if missing:
            raise UserError(f"rule {rule.id} reads {', '.join(missing)}; the probes are {', '.join(sorted(known))}")
    return found


def wanted_probes(rules: Iterable[Rule], *, deep: bool) -> dict[str, Probe]:
    """The probes that the rules read, by name."""
    known = probes.load()
    named = sorted({name for rule in rules for name in rule.probes})
    return {name: known[name] for name in named if deep or known[name].tier == "fast"}


def judge(rules: Sequence[Rule], kept: Iterable[HostRecord], site: Site | None = None) -> Result:
    """Verdicts of the rules on the hosts, one per rule and host."""
    known = {name: probe for name, probe in probes.load().items() if any(name in rule.probes for rule in rules)}
    verdicts = []
    hosts = 0
    for each in kept:
        verdicts += judge_host(rules, as_host(each, known), site)
        hosts += 1
    return Result({rule.id: rule for rule in rules}, verdicts, left_out(rules, site), hosts)


def as_host(kept: HostRecord, known: Mapping[str, Probe]) -> Host:
    """What rules see of a host."""
    lacks = tuple(capabilities.lacking(kept.container))
    return Host(kept.name, records.facts(kept, known), kept.problem, lacks)


def left_out(rules: Iterable[Rule], site: Site | None) -> tuple[str, ...]:
    """Names, as a note, the rules that need a site where none is given."""
    needing = [rule.id for rule in rules if rule.needs_site and site is None]
    return (f"rules that need a site were not run (give --site): {', '.join(needing)}",) if needing else ()
