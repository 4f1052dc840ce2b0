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
        self._kinds: dict[str, dict[str, Kind]] = {}

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
        except (KeyError, TypeError, AttributeError):
            return Listing(kind, problem=f"{kind} could not be read: the API server does not say which kinds it serves")

    def _served(self, kind: str) -> Kind | None:
        group, _, name = kind.rpartition("/")
        if self._versions is None:
            self._versions = self._all_versions()
        for version in self._versions.get(group, ()):
            if version not in self._kinds:
                self._kinds[version] = self._kinds_of(version)
            if name in self._kinds[version]:
                return self._kinds[version][name]
        return None

    def _kinds_of(self, version: str) -> dict[str, Kind]:
        """Kinds of one API version. Unlike elsewhere no answer is taken for an empty one: it would hide objects."""
        listed = self._api.request("GET", f"/apis/{version}" if "/" in version else f"/api/{version}")["resources"]
        return {
            each["kind"]: Kind(version, each["kind"], each["name"], each["namespaced"])
            for each in listed
            if "/" not in each["name"]
        }

    def _all_versions(self) -> dict[str, list[str]]:
        """API group -> its versions, the preferred one first."""
        found = {"": ["v1"]}
        for listed in self._api.request("GET", "/apis")["groups"]:
            versions = [str(version["groupVersion"]) for version in listed["versions"]]
            preferred = str(listed["preferredVersion"]["groupVersion"])
            found[listed["name"]] = sorted(versions, key=lambda version: version != preferred)
        return found

    def _items(self, kind: Kind) -> list[dict[str, Any]]:
        """Every object. A list that ran out of time between two pages is read again, as one page."""
        try:
            return self._pages(kind, {"limit": str(PAGE)})
        except ApiError as error:
            if error.status != EXPIRED:
                raise
            return self._pages(kind, {})

    def _pages(self, kind: Kind, query: dict[str, str]) -> list[dict[str, Any]]:
        whole = {"apiVersion": kind.api_version, "kind": kind.kind}  # lists leave these out
        found: list[dict[str, Any]] = []
        while True:
            page = self._api.request("GET", kind.path(), query=query)
            items, about = page.get("items", page), page.get("metadata") or {}
            if not isinstance(about, dict) or not (items is None or _are_objects(items)):
                raise UserError("the answer is no list of objects")
            found += (redacted({**whole, **item}) for item in items or ())
            rest = about.get("continue")
            if not rest:
                return found
            query = {"limit": str(PAGE), "continue": str(rest)}


def _are_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)
