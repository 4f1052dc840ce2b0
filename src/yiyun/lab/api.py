"""A small client of the lab's API server: one pool of TLS connections, usable from many threads."""

import json
import ssl
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from yiyun.lab.pki import Pair

CONNECTIONS = 16
FIELD_MANAGER = "yiyun-lab"
HEALTH_SECONDS = 3.0
"""A part that does not answer for so long is not well."""
NOT_YET = "not yet ready to handle request"
"""What a server says that is ready, but has not read its admission policies yet: after waiting for them for 10 s."""
ADMISSION_TRIES = 6
T = TypeVar("T")
R = TypeVar("R")


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, method: str, path: str, message: str) -> None:
        super().__init__(f"{method} {path}: {status} {message}")
        self.status = status
        self.message = message


class Unreachable(Exception):  # noqa: N818  # reads as what it says
    """The server did not answer: not started, not ready to listen, or killed."""


@dataclass(frozen=True)
class Target:
    """Where a server is and how to prove who we are."""

    url: str
    authority: Path
    client: Pair | None = None


def pool(target: Target, connections: int = CONNECTIONS) -> urllib3.PoolManager:
    """TLS 1.3 connections to one server, its certificate checked against our own authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(target.authority)
    if target.client:
        context.load_cert_chain(target.client.certificate, target.client.key)
    return urllib3.PoolManager(maxsize=connections, block=True, ssl_context=context, retries=False)


class Api:
    """Requests to one API server as one person."""

    def __init__(self, target: Target, headers: Iterable[tuple[str, str]] = ()) -> None:
        """`headers` go with every request; one name may come several times."""
        self._url = target.url
        self._pool = pool(target)
        self._headers = tuple(headers)

    def request(
        self,
        method: str,
        path: str,
        body: object | bytes | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = 30.0,
    ) -> Any:
        """Send one request and return the decoded answer (text where it is not JSON).

        Raises ApiError for a refusal, Unreachable where nobody answers. `timeout` is in seconds.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = urllib3.HTTPHeaderDict([("Accept", accept), *self._headers])
        if data is not None:
            headers["Content-Type"] = content_type
        try:
            answer = self._pool.request(method, self._url + path, body=data, headers=headers, timeout=timeout)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{method} {path}: {error}") from error
        is_json = "json" in answer.headers.get("Content-Type", "")
        content = json.loads(answer.data) if is_json and answer.data else answer.data.decode(errors="replace")
        if answer.status >= 400:
            message = content.get("message", "") if isinstance(content, dict) else content[:500]
            raise ApiError(answer.status, method, path, message)
        return content

    def get(self, path: str, accept: str = "application/json", timeout: float = 30.0) -> Any:
        """Read one path."""
        return self.request("GET", path, accept=accept, timeout=timeout)

    def apply(self, path: str, manifest: Mapping[str, Any]) -> Any:
        """Create or change one object by server-side apply, with our field manager, unknown fields refused."""
        query = f"?fieldManager={FIELD_MANAGER}&force=true&fieldValidation=Strict"
        left = ADMISSION_TRIES
        while True:
            left -= 1
            try:
                return self.request("PATCH", path + query, manifest, content_type="application/apply-patch+yaml")
            except ApiError as error:
                if NOT_YET not in error.message or not left:
                    raise

    def is_ready(self, path: str = "/readyz") -> bool:
        """Whether the health endpoint says yes."""
        try:
            self.request("GET", path, timeout=HEALTH_SECONDS)
        except (ApiError, Unreachable):
            return False
        return True


def in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call `work` on all items, 16 at a time, keeping order. The first exception is raised after all have ended."""
    with ThreadPoolExecutor(CONNECTIONS) as executor:
        return list(executor.map(work, items))
