"""What runs on the cluster, judged by the rules on objects."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from yiyun.compliance.engine import Result
from yiyun.compliance.facts import Object, Unevaluated, make_object
from yiyun.compliance.rule import Rule
from yiyun.compliance.running import NEVER_READ, judge_running, kinds, not_judged
from yiyun.compliance.world import Source
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.evidence.cluster.reader import Listing, Reader
from yiyun.evidence.cluster.records import ClusterRecord
from yiyun.operations import environment, real
from yiyun.site import Site

Report = Callable[[str], None]
DIRECTORY = "cluster"
"""Of its evidence, below the audit's."""
PERSON = "auditor"
"""As whom an embedded lab is read. Elsewhere KUBECONFIG says who reads."""
AT_ONCE = 8
"""Kinds that are read at the same time."""


def read(site: Site, rules: Sequence[Rule], report: Report) -> ClusterRecord:
    """Read all objects of the kinds that the rules judge, and of those that they look at beside.

    What may not be read is a listing's problem, a server that does not answer the record's. Nothing is started.
    Raises UserError when there is no kubeconfig.
    """
    with real.entered(site):
        api = ApiServer(environment.kubeconfig(site, PERSON))
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            api.request("GET", "/version")
        except UserError as error:
            report(f"cluster: {error}")
            return ClusterRecord(api.url, taken, str(error))
        reader = Reader(api)
        on_objects = [rule for rule in rules if rule.kinds]
        wanted = kinds(on_objects)
        report(f"reading {len(wanted)} kinds of objects from {api.url}")
        with ThreadPoolExecutor(max_workers=AT_ONCE) as workers:
            listings = dict(zip(wanted, workers.map(reader.read, wanted), strict=True))
        judge_running(
            on_objects, _source(listings, reader.read), site
        )  # which other kinds they look at, they say by asking
    unread = [listing for listing in listings.values() if listing.problem]
    report(f"read {sum(len(each.items) for each in listings.values())} objects of {len(listings)} kinds")
    for listing in unread:
        report(str(listing.problem))
    return ClusterRecord(api.url, taken, None, listings)


def judge(rules: Sequence[Rule], kept: ClusterRecord, site: Site | None) -> Result:
    """Verdicts of the rules on objects; one per rule, not evaluated, where the server did not answer."""
    on_objects = [rule for rule in rules if rule.kinds]
    known = {rule.id: rule for rule in on_objects}
    if kept.problem is not None:
        return Result(known, not_judged(on_objects, DIRECTORY, f"the cluster could not be read: {kept.problem}", site))
    verdicts, objects = judge_running(on_objects, _source(dict(kept.listings), _unread), site)
    written = [rule.id for rule in on_objects if NEVER_READ.issuperset(rule.kinds)]
    note = f"Secrets are never read from a cluster; these rules judge what is written only: {', '.join(written)}"
    return Result(known, verdicts, (note,) if written else (), objects)


def _source(listings: dict[str, Listing], more: Callable[[str], Listing]) -> Source:
    """Gives objects out of the listings; a kind that is not there is got from `more`, and kept."""

    def objects(kind: str) -> Iterable[Object]:
        if kind in NEVER_READ:
            raise Unevaluated(f"{kind}: is never read from a cluster")
        if kind not in listings:
            listings[kind] = more(kind)
        listing = listings[kind]
        if listing.problem is not None:
            raise Unevaluated(listing.problem)
        return [make_object(item) for item in listing.items]

    return objects


def _unread(kind: str) -> Listing:
    return Listing(kind, problem=f"{kind}: was not read")
