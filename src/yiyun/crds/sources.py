"""Where definitions come from: the cache, a bundle directory, a pinned Go module, the project's release.

A source that does not yield the locked hash does not count, whatever it yields. The cache is addressed by that hash.
A source that cannot be reached is tried once per run, not once per kind.
"""

import gzip
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3
import yaml

from yiyun import bundle, files
from yiyun.bundle import layout
from yiyun.crds import form
from yiyun.crds.model import Kind, Project
from yiyun.paths import CHECKOUT, cache_dir
from yiyun.toolchain import golang

MODULE_SECONDS = 180.0
URL_SECONDS = 5.0
"""To connect; reading gets four times as long."""
REFUSALS = ("403", "404", "410")
Report = Callable[[str], None]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's loader, but an unquoted `=` is a string, as YAML 1.2 has it."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


@dataclass(frozen=True)
class Found:
    """A definition in canonical JSON."""

    data: bytes
    source: str
    """cache, bundle, module or url."""


@dataclass
class Sources:
    """All sources, in order. `missing` says why a kind was not found."""

    bundle: Path | None
    cache: Path
    report: Report
    network: bool = True
    missing: dict[str, list[str]] = field(default_factory=dict)
    _down: dict[str, str] = field(default_factory=dict)

    def find(self, projects: Iterable[Project]) -> dict[str, Found]:
        """Definitions by name; a name that is not in the result was found nowhere."""
        found: dict[str, Found] = {}
        for project in projects:
            wanted = {kind.name: kind for kind in project.kinds}
            for source in (self._from_cache, self._from_bundle, self._from_module, self._from_url):
                if not wanted:
                    break
                for name, data, origin in source(project, wanted):
                    kind = wanted.get(name)
                    if kind is None:
                        continue
                    if form.digest(data) != kind.sha256:
                        self._say(name, f"{origin} holds another content")
                        continue
                    found[name] = Found(data, origin)
                    if origin != "cache":
                        files.write(self.cache / f"{kind.sha256}.json", data)
                    del wanted[name]
        return found

    def _say(self, name: str, why: str) -> None:
        self.missing.setdefault(name, []).append(why)

    def _from_cache(self, _project: Project, wanted: Mapping[str, Kind]) -> Iterator[tuple[str, bytes, str]]:
        for name, kind in list(wanted.items()):
            path = self.cache / f"{kind.sha256}.json"
            if path.exists():
                yield name, path.read_bytes(), "cache"

    def _from_bundle(self, project: Project, wanted: Mapping[str, Kind]) -> Iterator[tuple[str, bytes, str]]:
        if self.bundle is None or not (self.bundle / project.bundle).exists():
            for name in wanted:
                self._say(name, "no bundle holds it")
            return
        try:
            definitions = list(read_bundle(self.bundle / project.bundle))
        except (OSError, ValueError, EOFError) as error:
            for name in wanted:
                self._say(name, f"bundle file {project.bundle} cannot be read: {error}")
            return
        yield from _canonical_of(definitions, "bundle")

    def _from_module(self, project: Project, wanted: Mapping[str, Kind]) -> Iterator[tuple[str, bytes, str]]:
        if project.module is None or not self.network:
            return
        paths = sorted({kind.file for kind in wanted.values() if kind.file})
        text = self._down.get("module") or self._module_files(project, paths)
        if isinstance(text, str):
            for name in wanted:
                self._say(name, f"module {project.module}: {text}")
            return
        for content in text:
            yield from _canonical_of(read_yaml(content), "module")

    def _module_files(self, project: Project, paths: Iterable[str]) -> list[bytes] | str:
        """Contents of files of the project's module, or why there are none."""
        go = golang.on_path() or golang.installed()
        if go is None:
            self._down["module"] = "no Go compiler to download it with"
            return self._down["module"]
        module = project.module or ""
        self.report(f"downloading {module}")
        with tempfile.TemporaryDirectory(prefix="yiyun-crds-") as scratch:
            environment = {
                **golang.environment(),
                "GOPATH": scratch,
                "GOMODCACHE": f"{scratch}/mod",
                "GOFLAGS": "-modcacherw",
                "GONOSUMDB": module.partition("@")[0],  # crds.lock holds the hash of what is taken out of it
            }
            command = [str(go), "mod", "download", "-json", module]
            try:
                done = subprocess.run(
                    command, cwd=scratch, env=environment, capture_output=True, check=False, timeout=MODULE_SECONDS
                )
                answer = json.loads(done.stdout or b"{}")
            except (subprocess.TimeoutExpired, ValueError) as error:
                self._down["module"] = f"no answer: {type(error).__name__}"
                return self._down["module"]
            if "Dir" not in answer:
                why = str(answer.get("Error") or done.stderr.decode(errors="replace")).strip()[-300:]
                if not any(code in why for code in REFUSALS):
                    self._down["module"] = why
                return why
            return [
                (Path(answer["Dir"]) / path).read_bytes() for path in paths if (Path(answer["Dir"]) / path).exists()
            ]

    def _from_url(self, project: Project, wanted: Mapping[str, Kind]) -> Iterator[tuple[str, bytes, str]]:
        if project.url is None or not self.network:
            return
        for path in sorted({kind.file for kind in wanted.values() if kind.file}):
            names = [name for name, kind in wanted.items() if kind.file == path]
            content = self._down.get("url") or self._download(project.url.replace("{file}", quote(path)))
            if isinstance(content, str):
                for name in names:
                    self._say(name, f"release: {content}")
            else:
                yield from _canonical_of(read_yaml(content), "url")

    def _download(self, url: str) -> bytes | str:
        """Content behind a URL, or why there is none. Proxies of the environment are honoured."""
        proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
        pool: urllib3.PoolManager = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        timeout = urllib3.Timeout(connect=URL_SECONDS, read=4 * URL_SECONDS)
        try:
            answer = pool.request("GET", url, timeout=timeout, retries=urllib3.Retry(0, redirect=5))
        except urllib3.exceptions.HTTPError as error:
            self._down["url"] = f"cannot be reached ({type(error).__name__})"
            return self._down["url"]
        return answer.data if answer.status == 200 else f"{url} answered {answer.status}"


def bundle_dir() -> Path | None:
    """Directory of the bundle's definitions: `YIYUN_BUNDLE`, else the directory beside the checkout, else None.

    A bundle has them in `crds`; a directory without bundle.json holds nothing else, since `crds.lock` pins their
    content. Raises UserError when a bundle's signature does not count.
    """
    given = bundle.opened()
    if given:
        return given.directory / layout.CRDS
    named = os.environ.get(bundle.VARIABLE)
    path = Path(named) if named else CHECKOUT.parent / "shared" / "crds"
    return path if path.is_dir() else None


def crd_cache() -> Path:
    """Directory of canonical definitions, named by their hash."""
    return cache_dir() / "crds"


def read_bundle(path: Path) -> Iterator[dict[str, Any]]:
    """Definitions of one bundle file: gzip, one JSON document a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def read_yaml(content: bytes) -> Iterator[dict[str, Any]]:
    """Definitions among the documents of a manifest; a text that is not YAML holds none."""
    try:
        documents = list(yaml.load_all(content, Loader=_Loader))  # a safe loader
    except yaml.YAMLError:
        return
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
            yield document


def _canonical_of(definitions: Iterable[Mapping[str, Any]], origin: str) -> Iterator[tuple[str, bytes, str]]:
    for definition in definitions:
        try:
            name, data = definition["metadata"]["name"], form.to_bytes(form.canonical(definition))
        except (KeyError, TypeError, AttributeError):
            continue  # not a definition: it cannot have the hash either
        yield name, data, origin
