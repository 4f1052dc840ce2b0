"""What an audit read of a cluster, kept in a directory and read again.

<dir>/cluster.json           when and from where; sha256 and number of objects of every kind, or why it could not be read
<dir>/<Kind>.<group>.json    its objects, without secrets
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yiyun import files
from yiyun.errors import UserError
from yiyun.evidence import saved_objects
from yiyun.evidence.cluster.reader import Listing

SCHEMA = "yiyun.cluster-evidence/1"
FILE = "cluster.json"
KIND = re.compile(r"([a-z0-9][a-z0-9.-]*/)?[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True)
class ClusterRecord:
    """One read of one cluster."""

    server: str
    """Address of the API server."""
    taken: str
    """When, ISO 8601 in UTC."""
    problem: str | None = None
    """Why nothing could be read; None when the server answered."""
    listings: Mapping[str, Listing] = field(default_factory=dict)
    """By kind."""


def save(directory: Path, kept: ClusterRecord) -> None:
    """Write a record below `directory`, which must not hold one."""
    files.make_dir(directory)
    kinds = {}
    for kind, listing in sorted(kept.listings.items()):
        if listing.problem is None:
            digest = saved_objects.save(directory / _file(kind), listing.items)
            kinds[kind] = {"objects": len(listing.items), "sha256": digest, "problem": None}
        else:
            kinds[kind] = {"objects": None, "sha256": None, "problem": listing.problem}
    about = {
        "schema": SCHEMA,
        "server": kept.server,
        "taken": kept.taken,
        "problem": kept.problem,
        "kinds": kinds,
    }
    files.write_json(directory / FILE, about)


def load(directory: Path) -> ClusterRecord:
    """Read a record. Raises UserError, naming the file, for what is none; an altered kind has that as its problem."""
    path = directory / FILE
    about = saved_objects.index(path, SCHEMA)
    try:
        listings = {kind: _listing(directory, kind, entry) for kind, entry in about["kinds"].items()}
        return ClusterRecord(about["server"], about["taken"], about["problem"], listings)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}:1: is not the record of a cluster: {type(error).__name__}: {error}") from None


def _listing(directory: Path, kind: str, entry: Mapping[str, str | None]) -> Listing:
    if not KIND.fullmatch(kind):
        raise ValueError(f"no kind is named {kind!r}")
    if entry["problem"] is not None:
        return Listing(kind, problem=str(entry["problem"]))
    objects = saved_objects.load(directory / _file(kind), str(entry["sha256"]))
    if objects is None:
        return Listing(kind, problem=f"{kind}: the saved objects have been altered")
    return Listing(kind, tuple(objects))


def _file(kind: str) -> str:
    group, _, name = kind.rpartition("/")
    return f"{name}.{group}.json" if group else f"{name}.json"
