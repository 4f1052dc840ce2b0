"""A small session with one API server: discovery and raw JSON, fast to start (no generated client is imported)."""

import base64
import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
import yaml

from yiyun.errors import UserError

TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)
"""Seconds."""


class ApiError(UserError):
    """The API server refused a request. `status` is the HTTP code, `reason` and `message` are its own words."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.message = str(body.get("message", body))
        super().__init__(f"{status} {self.reason}: {self.message}")

    @property
    def is_refusal(self) -> bool:
        """Whether the server judged the object, rather than failing to answer.

        A server-side apply of a field that the kind does not have is answered with 500, not with 400.
        """
        return self.status < 500 or self.message.startswith("failed to create typed patch object")


@dataclass(frozen=True)
class Kind:
    """One kind as the API server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def root(self) -> str:
        """Path of its API group and version."""
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Path of one object, or of the collection when `name` is None."""
        parts = [self.root]
        if self.namespaced and namespace:
            parts += ["namespaces", quote(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(quote(name))
        return "/".join(parts)


class ApiServer:
    """A connection pool to the API server that a kubeconfig's current context names."""

    def __init__(self, kubeconfig: Path, connections: int = 16) -> None:
        """Read `kubeconfig`. Raises UserError when it is not one."""
        try:
            content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
            context = _named(content["contexts"], content["current-context"])["context"]
            cluster = _named(content["clusters"], context["cluster"])["cluster"]
            user = _named(content["users"], context["user"])["user"]
            self.url = str(cluster["server"]).rstrip("/")
        except (OSError, yaml.YAMLError, KeyError, TypeError, StopIteration) as error:
            raise UserError(f"{kubeconfig}: not a usable kubeconfig ({type(error).__name__}: {error})") from error
        self._pool = urllib3.PoolManager(
            num_pools=2,
            maxsize=connections,
            block=True,
            ssl_context=_tls(kubeconfig.parent, cluster, user),
            timeout=TIMEOUT,
            retries=urllib3.Retry(total=2, read=0, backoff_factor=0.2, allowed_methods={"GET"}, redirect=0),
        )
        self._headers = {"Accept": "application/json"}
        if "token" in user:
            self._headers["Authorization"] = f"Bearer {user['token']}"
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._given_up = ""

    def give_up(self, reason: str) -> None:
        """Answer every further request with UserError(reason) at once: the server is known to be gone."""
        self._given_up = reason

    def ailment(self, seconds: float) -> str:
        """Ask the server whether it is ready: empty when it is, else in a few words why not."""
        try:
            answer = self._pool.request("GET", f"{self.url}/readyz", timeout=seconds, retries=False)
        except urllib3.exceptions.HTTPError as error:
            return f"the API server at {self.url} does not answer ({_cause(error)})"
        if answer.status < 400:
            return ""
        failed = [
            line[3:].split()[0] for line in answer.data.decode(errors="replace").splitlines() if line[:3] == "[-]"
        ]
        return f"the API server at {self.url} is not ready ({', '.join(failed) or f'status {answer.status}'})"

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and return the JSON answer.

        Raises ApiError when the server refuses, UserError when it does not answer.
        """
        if self._given_up:
            raise UserError(self._given_up)
        target = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = self._headers | ({"Content-Type": content_type} if body is not None else {})
        try:
            answer = self._pool.request(
                method, target, body=json.dumps(body).encode() if body is not None else None, headers=headers
            )
        except urllib3.exceptions.HTTPError as error:
            raise UserError(f"the API server at {self.url} does not answer ({_cause(error)})") from error
        content = _decoded(answer.data)
        if answer.status >= 400:
            raise ApiError(answer.status, content)
        return content

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Return how the server serves a kind; None when it does not."""
        if api_version not in self._kinds:
            root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            try:
                listed = self.request("GET", root).get("resources", [])
            except ApiError as error:
                if error.status != 404:
                    raise
                listed = []
            self._kinds[api_version] = {
                r["kind"]: Kind(api_version, r["kind"], r["name"], r["namespaced"])
                for r in listed
                if "/" not in r["name"]
            }
        return self._kinds[api_version].get(kind)

    def warm_schema(self) -> None:
        """Have the server build its OpenAPI document, which it does at the first request after kinds were added.

        On a busy machine that takes longer than the 32 s that pulumi's provider waits for it; here it may take 300 s.
        """
        headers = self._headers | {"Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}
        try:
            answer = self._pool.request(
                "GET", f"{self.url}/openapi/v2", headers=headers, timeout=300.0, preload_content=False
            )
            answer.drain_conn()
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise UserError(f"the API server at {self.url} does not answer: {error}") from error

    def get(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """Return the live object that `manifest` names, or None."""
        kind = self.kind(manifest["apiVersion"], manifest["kind"])
        if kind is None:
            return None
        try:
            return self.request("GET", kind.path(manifest["metadata"].get("namespace"), manifest["metadata"]["name"]))
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _cause(error: Exception) -> str:
    """The last cause of a failed request, in the words of the system: `Connection refused`."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__ or next(iter(error.args[1:]), None)
        if not isinstance(inner, Exception):
            return getattr(error, "strerror", None) or str(error).rpartition("): ")[2]
        error = inner


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        return {"message": data[:500].decode(errors="replace")}
    return content if isinstance(content, dict) else {"message": str(content)}


def _tls(base: Path, cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif "certificate-authority-data" in cluster:
        context.load_verify_locations(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    elif "certificate-authority" in cluster:
        context.load_verify_locations(base / cluster["certificate-authority"])
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile() as pair:  # the ssl module reads client keys from files only; mode 0600
            pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n")
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(pair.name)
    elif "client-certificate" in user:
        context.load_cert_chain(base / user["client-certificate"], base / user["client-key"])
    return context
