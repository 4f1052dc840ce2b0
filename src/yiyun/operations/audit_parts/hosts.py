"""What the hosts are set to, each read once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from yiyun.compliance.engine import Result, judge_host
from yiyun.compliance.host import Host
from yiyun.compliance.model import Finding, Verdict
from yiyun.compliance.rule import Rule
from yiyun.errors import UserError
from yiyun.evidence.hosts import capabilities, probes, records
from yiyun.evidence.hosts.collect import collect_each
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.probe import Wanted
from yiyun.evidence.hosts.probes import Probe
from yiyun.evidence.hosts.records import HostRecord
from yiyun.operations.hosts import access
from yiyun.site import Site

Report = Callable[[str], None]
DIRECTORY = "hosts"
"""Of their evidence, below the audit's."""


def read(
    site: Site, names: Sequence[str], rules: Iterable[Rule], directory: Path, report: Report, *, deep: bool
) -> None:
    """Read these hosts and keep each in `directory` as it comes; one that does not answer has a problem.

    `deep` also runs the probes that walk trees. Raises UserError for a site that was never adopted.
    """
    wanted = wanted_probes(host_rules(rules), deep=deep)
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    commands = Wanted(commands=tuple(probe.command for probe in wanted.values()), as_root=False)
    report(f"reading {len(names)} hosts, {len(wanted)} probes each")

    def keep(facts: HostFacts) -> None:
        records.save(directory, records.record(facts, wanted, taken))
        report(f"{facts.name}: {facts.problem or 'read'}")

    collect_each(access.config_file(site), access.known_hosts(site), dict.fromkeys(names, commands), keep)


def judge(rules: Iterable[Rule], kept: Iterable[HostRecord], site: Site | None = None) -> Result:
    """Verdicts of the rules on hosts, one per rule and host."""
    on_hosts = host_rules(rules)
    known = {name: probe for name, probe in probes.load().items() if any(name in rule.probes for rule in on_hosts)}
    verdicts: list[Verdict] = []
    said: dict[tuple[str, str, tuple[Finding, ...]], Verdict] = {}
    hosts = 0
    for each in kept:
        verdicts += (_once(verdict, said) for verdict in judge_host(on_hosts, as_host(each, known), site))
        hosts += 1
    return Result({rule.id: rule for rule in on_hosts}, verdicts, (), hosts)


def _once(verdict: Verdict, said: dict[tuple[str, str, tuple[Finding, ...]], Verdict]) -> Verdict:
    """The verdict, with its words shared with an earlier one of the same rule that says the same of another host."""
    first = said.setdefault((verdict.rule, verdict.message, verdict.evidence), verdict)
    return verdict._replace(message=first.message, evidence=first.evidence)


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


def as_host(kept: HostRecord, known: Mapping[str, Probe]) -> Host:
    """What rules see of a host."""
    lacks = tuple(capabilities.lacking(kept.container))
    return Host(kept.name, records.facts(kept, known), kept.problem, lacks)
