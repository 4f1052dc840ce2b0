"""What of saved evidence somebody vouches for: compared with the manifest that its audit signed.

Evidence that does not match is not judged: it counts as not evaluated, with that cause. Without a manifest, or with the
signature of a stranger, it is judged and a note says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from yiyun.evidence import sealed
from yiyun.evidence.cluster import records as cluster_records
from yiyun.evidence.cluster.records import ClusterRecord
from yiyun.evidence.hosts import records as host_records
from yiyun.evidence.hosts.records import HostRecord, Saved
from yiyun.evidence.stacks import FILE as STACKS_FILE
from yiyun.evidence.stacks import StacksRecord
from yiyun.operations.audit_parts import cluster, description, hosts, stacks

ALTERED = "its saved evidence is not what was signed"
SHOWN = 50
"""How many files a note names at most."""
Part = TypeVar("Part", ClusterRecord, StacksRecord)


@dataclass(frozen=True)
class Vouched:
    """How far saved evidence can be believed."""

    notes: tuple[str, ...] = ()
    altered: frozenset[str] = frozenset()
    """Paths of files that are missing, altered or more than were signed."""
    everything: bool = False
    """The list itself is not what was signed, so nothing is."""

    def within(self, place: str) -> bool:
        """Whether anything at a path or below it is not what was signed."""
        return self.everything or any(path == place or path.startswith(f"{place}/") for path in self.altered)

    @property
    def description(self) -> bool:
        """Whether the copy of the site's description is what was signed."""
        return not self.within(description.DIRECTORY)

    def hosts(self, kept: Saved) -> "VouchedHosts":
        """The records, with a problem where the record itself is not what was signed.

        An altered output beside a record that is right is found by the record's own hash, and harms its probe only.
        Hosts whose record is gone are there, too.
        """
        prefix, suffix = f"{hosts.DIRECTORY}/", f"/{host_records.FILE}"
        bad = {path.removeprefix(prefix).removesuffix(suffix) for path in self.altered if _is_record(path)}
        return VouchedHosts(kept, frozenset(kept.names if self.everything else bad), tuple(sorted(bad - {*kept.names})))

    def cluster(self, kept: ClusterRecord) -> ClusterRecord:
        """The record, with a problem where it is not what was signed."""
        return self._part(kept, f"{cluster.DIRECTORY}/{cluster_records.FILE}")

    def stacks(self, kept: StacksRecord) -> StacksRecord:
        """The record, with a problem where it is not what was signed."""
        return self._part(kept, f"{stacks.DIRECTORY}/{STACKS_FILE}")

    def _part(self, kept: Part, record: str) -> Part:
        return replace(kept, problem=ALTERED) if self.within(record) else kept


@dataclass(frozen=True)
class VouchedHosts:
    """Saved records as far as they can be believed, one at a time in memory."""

    kept: Saved
    bad: frozenset[str]
    """Hosts whose record is not what was signed."""
    gone: tuple[str, ...]
    """Those of them that have none any more."""

    def __iter__(self) -> Iterator[HostRecord]:
        for each in self.kept:
            yield replace(each, problem=ALTERED, sections={}) if each.name in self.bad else each
        yield from (HostRecord(name, "", ALTERED) for name in self.gone)

    @property
    def names(self) -> list[str]:
        """Names of the hosts."""
        return [*self.kept.names, *self.gone]

    @property
    def taken(self) -> str:
        """When the last one was read."""
        return self.kept.taken


def compare(directory: Path) -> Vouched:
    """Compare saved evidence with its manifest. Raises UserError for a signed one of a later schema."""
    if not sealed.sealed(directory):
        return Vouched((f"{directory}: has no {sealed.SEAL.manifest}, so nobody vouches for this evidence",))
    found = sealed.verify(directory, sealed.SEAL.known())
    notes = [f"{directory}: {found.stranger}"] if found.stranger else []
    notes += [f"{directory}/{problem}" for problem in found.problems[:SHOWN]]
    if len(found.problems) > SHOWN:
        notes.append(f"{directory}: {len(found.problems) - SHOWN} more files are not what was signed")
    return Vouched(tuple(notes), frozenset(found.altered), everything=not found.signed)


def _is_record(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == hosts.DIRECTORY and parts[2] == host_records.FILE
