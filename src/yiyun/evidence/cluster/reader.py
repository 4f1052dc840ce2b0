"""Reads whole kinds from an API server, page by page, without their secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer, Kind
from yiyun.evidence.redaction import redacted

PAGE = 500
"""Objects that one request asks for."""
FORBIDDEN = 403
NOT_FOUND = 404
EXPIRED = 410


@dataclass(frozen=True)
class Listing:
    """All objects of one kind. A kind that the server does not serve has none, which is an answer."""

    kind: str
    """`group/Kind`, or `Kind` in the core group."""
    items: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None
    """Why they could not be read; None when they were."""


class Reader:
    """Reads one cluster as whom its kubeconfig names."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._versions: dict[str, list[str]] | None = None

    def read(self, kind: str) -> Listing:
        """All objects of a kind (`group/Kind`). Never raises: what goes wrong is the listing's problem."""
        try:
            served = self._served(kind)
            return Listing(kind, tuple(self._items(served)) if served else ())
        except ApiError as error:
            what = "may not be read by this account" if error.status == FORBIDDEN else "could not be read"
            return Listing(kind, problem=f"{kind} {what}: {error}")
        except UserError as error:
            return Listing(kind, problem=f"{kind} could not be read: {error}")

    def _served(self, kind: str) -> Kind | None:
        group, _, name = kind.rpartition("/")
        if self._versions is None:
            self._versions = self._all_versions()
        for version in self._versions.get(group, ()):
            found = self._api.kind(version, name)
            if found is not None:
                return found
        return None

    def _all_versions(self) -> dict[str, list[str]]:
        """API group -> its versions, the preferred one first."""
        found = {"": ["v1"]}
        for listed in self._api.request("GET", "/apis")["groups"]:
            versions = [str(version["groupVersion"]) for version in listed["versions"]]
            preferred = str(listed["preferredVersion"]["groupVersion"])
            found[listed["name"]] = sorted(versions, key=lambda version: version != preferred)
        return found

    def _items(self, kind: Kind) -> list[dict[str, Any]]:
        """Every object, whole: lists leave out version and kind. A list that ran out of time is read again, at once."""
        whole = {"apiVersion": kind.api_version, "kind": kind.kind}
        query = {"limit": str(PAGE)}
        found: list[dict[str, Any]] = []
        while True:
            try:
                page = self._api.request("GET", kind.path(), query=query)
            except ApiError as error:
                if error.status != EXPIRED or "continue" not in query:
                    raise
                query, found = {}, []
                continue
            found += (redacted({**whole, **item}) for item in page.get("items") or ())
            rest = page.get("metadata", {}).get("continue")
            if not rest:
                return found
            query = {"limit": str(PAGE), "continue": rest}
