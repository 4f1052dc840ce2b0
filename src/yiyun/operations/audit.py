"""The audit of a site: hosts, cluster, stacks and the site itself, read once, kept, and judged together.

    <out>/hosts/ cluster/ stacks/ site/     the evidence of each part
    <out>/report.*, findings.json, clauses.json   what was found in it
    <out>/manifest.json, .sig, .pub         every file with its hash, signed

What is judged is what is kept, so saved evidence gives the same verdicts again. A part that was not looked at leaves
the clauses that it would tell of unchecked.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from yiyun import files
from yiyun.compliance.assessment import Assessment
from yiyun.compliance.attestations import evidence_paths, read_attestations
from yiyun.compliance.audit_reports import FILES, render_assessment
from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.clauses import Subject, roll_up
from yiyun.compliance.difference import Findings, difference, read_findings
from yiyun.compliance.engine import Result, judge_site
from yiyun.compliance.loader import load_rules
from yiyun.compliance.report_clauses import clauses_json
from yiyun.compliance.rule import Rule
from yiyun.compliance.waivers import apply_waivers, load_waivers
from yiyun.errors import UserError
from yiyun.evidence import sealed
from yiyun.evidence import stacks as stack_records
from yiyun.evidence.cluster import records as cluster_records
from yiyun.evidence.cluster.records import ClusterRecord
from yiyun.evidence.hosts.records import Saved
from yiyun.evidence.stacks import StacksRecord
from yiyun.operations import environment
from yiyun.operations.audit_parts import cluster, description, hosts, stacks, vouched
from yiyun.operations.audit_parts.vouched import Vouched, VouchedHosts
from yiyun.signing.keys import fingerprint
from yiyun.site import Site

Report = Callable[[str], None]
FINDINGS = FILES["json"]
CLAUSES = "clauses.json"


@dataclass(frozen=True)
class Parts:
    """What an audit looks at, beside the site's description."""

    hosts: Sequence[str] | None
    """Names of hosts; None: none is looked at."""
    cluster: bool
    stacks: bool
    deep: bool = False
    """Also what takes long on hosts: probes that walk trees."""


@dataclass(frozen=True)
class Evidence:
    """What was read; None: the part was not looked at."""

    hosts: Saved | VouchedHosts | None = None
    cluster: ClusterRecord | None = None
    stacks: StacksRecord | None = None

    @property
    def taken(self) -> str:
        """When it was read, the latest of all; empty where nothing was."""
        return max((part.taken for part in (self.hosts, self.cluster, self.stacks) if part is not None), default="")

    @property
    def day(self) -> date:
        """The day on which it was read, here. Raises UserError where the evidence does not say."""
        try:
            return datetime.fromisoformat(self.taken).astimezone().date()
        except ValueError:
            raise UserError(f"the evidence says {self.taken!r} for when it was taken; that is no time") from None


def audit_site(
    site: Site, pack: Path, parts: Parts, report: Report, out: Path | None = None, since: Path | None = None
) -> Assessment:
    """Read the parts of a site and judge them together. With `out` the evidence and the result are kept there.

    `since`: directory of an earlier audit, whose result this one is compared with.

    What cannot be read is not evaluated, with its cause. Raises UserError for a broken pack, hosts that were never
    adopted, a cluster without a kubeconfig, and an `out` that holds something already.
    """
    rules = load_rules(pack)
    earlier = _earlier(since) if since else None
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists already; every audit gets a directory of its own, so that it can be compared")
    if parts.cluster and not (parts.stacks and site.embedded):  # the stacks' previews start an embedded lab
        environment.kubeconfig(site, cluster.PERSON)
    load_waivers(site.path / "waivers.yaml")
    evidence_paths(site.path)  # what is wrong with either is said before anybody is asked
    with ExitStack() as ends:
        place = out or Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yiyun-audit-")))
        seen = _read(site, rules, parts, place, report)
        found = assess(pack, rules, seen, site, datetime.now(UTC).astimezone().date())
    if since is not None and earlier is not None:
        found = _compared(found, since, earlier, seen)
    if out is not None:
        report(f"the evidence is in {out}")
        files.write(out / CLAUSES, clauses_json(found.clauses) + "\n", mode=0o644)
        for form, name in FILES.items():
            files.write(out / name, render_assessment(found, form, all_verdicts=False), mode=0o644)
        key = sealed.SEAL.ensure_own()
        sealed.seal(out, site.name, found.taken, key)
        report(f"all of it is signed by {fingerprint(key.public_key())}")
    return found


def audit_evidence(directory: Path, pack: Path, site: Site | None = None, since: Path | None = None) -> Assessment:
    """Judge evidence that an earlier audit kept, by the site's description of that day, as of that day.

    With `site` it is judged by that description, its waivers and attestations, as of today. Raises UserError, naming
    the file, where there is no evidence.
    """
    earlier = _earlier(since) if since else None
    believed = vouched.compare(directory)
    seen = _load(directory, believed)
    if seen == Evidence():
        raise UserError(f"{directory}: holds no evidence of an audit (hosts/, cluster/ or stacks/); --out makes it")
    of_today = site is not None
    described = site
    if site is None and believed.description:
        described = description.load(directory / description.DIRECTORY)
    day = datetime.now(UTC).astimezone().date() if of_today else seen.day
    found = assess(pack, load_rules(pack), seen, described, day)
    found = replace(found, result=replace(found.result, notes=(*believed.notes, *found.result.notes)))
    return found if since is None or earlier is None else _compared(found, since, earlier, seen)


def assess(pack: Path, rules: Sequence[Rule], seen: Evidence, site: Site | None, today: date) -> Assessment:
    """Judge evidence, as of `today`: verdicts of all rules, waivers, attestations, clauses."""
    run = [rule for rule in rules if site is not None or not rule.needs_site]
    result = Result({}, (), _left_out(rules, run))
    if site is not None:
        on_site = {rule.id: rule for rule in run if rule.scope == "site"}
        result = result.joined(Result(on_site, judge_site(run, site)))
    if seen.hosts is not None:
        result = result.joined(hosts.judge(run, seen.hosts, site))
    if seen.cluster is not None:
        result = result.joined(cluster.judge(run, seen.cluster, site))
    if seen.stacks is not None:
        result = result.joined(stacks.judge(run, seen.stacks, site))
    if site is not None:
        result = apply_waivers(result, load_waivers(site.path / "waivers.yaml"), today)
    catalogue = load_catalogue(pack)
    claims = read_attestations(site.path, catalogue, today) if site else ()
    known = {rule.id: rule for rule in rules}
    clauses = roll_up(catalogue, known, result.verdicts, claims, ran=result.rules, unseen=_unseen(seen, site))
    return Assessment(site.name if site else "", seen.taken, result, catalogue, clauses)


def _earlier(since: Path) -> Findings:
    """The result of an earlier audit. Raises UserError for none, and for one that is not what was signed."""
    found = read_findings(since / FINDINGS)
    if vouched.compare(since).within(FINDINGS):
        raise UserError(f"{since / FINDINGS}:1: is not what was signed; compare with a copy that nobody changed")
    return found


def _compared(found: Assessment, since: Path, earlier: Findings, seen: Evidence) -> Assessment:
    parts = ((cluster.DIRECTORY, seen.cluster), (stacks.DIRECTORY, seen.stacks))
    looked_at = {name for name, part in parts if part is not None and part.problem is None}
    compared = difference(str(since), earlier, found.result, looked_at)
    return replace(found, result=replace(found.result, difference=compared))


def _read(site: Site, rules: Sequence[Rule], parts: Parts, place: Path, report: Report) -> Evidence:
    """Read the parts and keep each below `place` as soon as it was read."""
    if parts.hosts is not None:
        hosts.read(site, parts.hosts, rules, place / hosts.DIRECTORY, report, deep=parts.deep)
    description.save(place / description.DIRECTORY, site)
    if parts.stacks:
        stack_records.save(place / stacks.DIRECTORY, stacks.read(site, report))
    if parts.cluster:
        cluster_records.save(place / cluster.DIRECTORY, cluster.read(site, rules, report))
    return _load(place, Vouched())


def _load(directory: Path, believed: Vouched) -> Evidence:
    """What is there; what is not as it was signed has that as its problem. A part that is missing was not looked at."""
    there = {name for name in (hosts.DIRECTORY, cluster.DIRECTORY, stacks.DIRECTORY) if (directory / name).is_dir()}
    return Evidence(
        hosts=believed.hosts(Saved(directory / hosts.DIRECTORY)) if hosts.DIRECTORY in there else None,
        cluster=believed.cluster(cluster_records.load(directory / cluster.DIRECTORY))
        if cluster.DIRECTORY in there
        else None,
        stacks=believed.stacks(stack_records.load(directory / stacks.DIRECTORY)) if stacks.DIRECTORY in there else None,
    )


def _unseen(seen: Evidence, site: Site | None) -> dict[Subject, list[str]]:
    """What belongs to the site and was not looked at; without a site nobody knows what belongs to it."""
    unknown = [] if site else ["the site (give --site)"]
    objects = [name for name, part in (("the cluster", seen.cluster), ("the stacks", seen.stacks)) if part is None]
    if seen.hosts is None:
        missing = ["the hosts"]
    else:
        there = set(seen.hosts.names)
        missing = [host.name for host in site.hosts if host.name not in there] if site else []
    return {"host": [*missing, *unknown], "object": [*objects, *unknown]}


def _left_out(rules: Sequence[Rule], run: Sequence[Rule]) -> tuple[str, ...]:
    """Names, as a note, the rules that need a site where none is given."""
    names = sorted({rule.id for rule in rules} - {rule.id for rule in run})
    return (f"rules that need a site were not run (give --site): {', '.join(names)}",) if names else ()
