"""Reads Kubernetes manifests from files: YAML and JSON, many documents a file, List kinds, with line numbers.

A Helm chart among them stands for what helm renders it to (`yiyun.evidence.charts`).

Values are read as kubectl reads them (the YAML 1.1 words yes/no/on/off/y/n are booleans, `0o17` and `017` are
octal, dates stay text). What cannot be read for sure is never guessed: it becomes a `Problem`, and the gate counts
each problem as not evaluated.
"""

import gc
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yiyun.errors import UserError
from yiyun.evidence.charts.chart import ARCHIVES, CHART_FILE, OWN_FILES, OWN_FOLDERS
from yiyun.evidence.json_documents import json_documents
from yiyun.evidence.unknown import UnknownValue
from yiyun.evidence.yaml_documents import Document, Scalars, yaml_documents
from yiyun.printable import printable

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 256 * 1024 * 1024
"""Largest file that is read; etcd takes 1.5 MiB an object, so this is thousands of them."""

# Configuration files of programs: they have apiVersion and kind, and no API server takes them.
NOT_API_GROUPS = frozenset({
    "apiserver.config.k8s.io",
    "apiserver.k8s.io",
    "audit.k8s.io",
    "client.authentication.k8s.io",
    "config.kio.kpt.dev",
    "kind.x-k8s.io",
    "kubeadm.k8s.io",
    "kubelet.config.k8s.io",
    "kubeproxy.config.k8s.io",
    "kubescheduler.config.k8s.io",
})  # fmt: skip
KUSTOMIZE = "kustomize.config.k8s.io"
KUSTOMIZATION_FILES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
# Keys of a kustomization that only list files.
HARMLESS_KUSTOMIZE_KEYS = frozenset({"apiVersion", "kind", "metadata", "resources"})
_KUSTOMIZE_FIRST = "render it by  kubectl kustomize  and give the output instead"


class Manifest(NamedTuple):
    """One Kubernetes object as it stands in a file."""

    data: dict[str, Any]
    file: str
    line: int
    """From 1; 0 for what was rendered, where no line of the file says it."""
    template: str = ""
    """The template that helm rendered it from, as helm names it; empty: it stands in the file as it is."""


class Problem(NamedTuple):
    """A file, or a part of one, of which it is not known what a cluster would make of it."""

    file: str
    line: int
    reason: str


class Listed(NamedTuple):
    """One resource that a kustomization lists."""

    file: str
    line: int
    """Of the kustomization."""
    resource: str
    """A path from the kustomization's directory, or whatever else kustomize would fetch."""


class Loaded(NamedTuple):
    """What the given paths hold."""

    objects: list[Manifest]
    problems: list[Problem]
    skipped: list[Problem]
    """YAML and JSON that is no Kubernetes object, with the reason; nothing in it is judged."""
    rendered: list[str]
    """Each chart that was rendered, with what, in a line."""
    listed: list[Listed]
    """What kustomizations list that change nothing."""


def load(paths: Iterable[Path | str], values: Sequence[Path] = ()) -> Loaded:
    """Read all manifests under `paths`: files, directories (all *.yaml, *.yml, *.json below), `-` for stdin.

    A directory with Chart.yaml, given or below a given one, and a given .tgz file are charts: helm renders them, with
    `values` over their own. Raises UserError when a path does not exist, when values are bad or not for exactly one
    chart, or when nothing was found to judge: no object, and no chart with something wrong.
    """
    given = [str(path) for path in paths]
    if not given:
        raise UserError("no manifests given: name at least one file or directory")
    loaded = Loaded([], [], [], [], [])
    scalars = Scalars()
    # Millions of small, acyclic values are made here: the collector would only walk them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        charts: dict[str, str] = {}
        templates: dict[str, str] = {}
        files: list[str] = []
        for name in given:
            for file, of_chart in _files(name, charts, loaded.problems):
                _read(file, scalars, loaded, templates, of_chart=of_chart)
                files.append(file)
        if loaded.listed:
            loaded.problems.extend(_not_given(loaded.listed, files))
        if charts or values:
            from yiyun.evidence.charts.load import load_charts  # it starts programs: most inputs have no chart

            load_charts(list(charts.values()), values, given, loaded)
    finally:
        if collecting:
            gc.enable()
    if not loaded.objects and not (charts and loaded.problems):
        raise UserError(_nothing(given, loaded))
    return loaded


def _nothing(given: list[str], loaded: Loaded) -> str:
    lines = [f"no Kubernetes object found in {', '.join(given)}"]
    lines += [f"  {p.file}:{p.line}: {p.reason}" for p in (*loaded.problems, *loaded.skipped)[:10]]
    lines += [f"  {line}" for line in loaded.rendered[:10]]
    lines.append("give files or directories with *.yaml, *.yml or *.json that have apiVersion and kind")
    return "\n".join(lines)


def _files(name: str, charts: dict[str, str], problems: list[Problem]) -> Iterator[tuple[str, bool]]:
    """Files under one given path, in order of name, and whether each lies in a chart. `.git` is left out.

    Charts are put into `charts` (real path -> path as found); what helm reads of them is left to it.
    """
    if name == "-":
        yield name, False
        return
    if not Path(name).is_dir():
        if not os.path.lexists(name):
            raise UserError(f"{name}: no such file or directory")
        if name.endswith(ARCHIVES):
            charts.setdefault(os.path.realpath(name), name)
        else:
            yield name, False
        return

    def unreadable(error: OSError) -> None:
        problems.append(Problem(str(error.filename), 1, f"directory cannot be read: {error.strerror}"))

    roots: list[str] = []
    for folder, folders, names in os.walk(name, onerror=unreadable):
        if CHART_FILE in names:
            charts.setdefault(os.path.realpath(folder), folder)
            roots.append(os.path.join(folder, ""))  # noqa: PTH118 (with the slash at its end)
            folders[:] = [each for each in folders if each not in OWN_FOLDERS]
            names[:] = [each for each in names if each not in OWN_FILES]
        folders[:] = sorted(f for f in folders if f != ".git")
        of_chart = any(os.path.join(folder, "").startswith(root) for root in roots)  # noqa: PTH118 (with its slash)
        for file in sorted(names):
            if file.endswith(SUFFIXES) or file in KUSTOMIZATION_FILES:
                yield os.path.join(folder, file), of_chart  # noqa: PTH118 (a path object per file costs as much as its stat)


def _read(file: str, scalars: Scalars, loaded: Loaded, templates: dict[str, str], *, of_chart: bool) -> None:
    """Read one file into `loaded`. `of_chart`: it lies in a chart, whose templates may read it as text."""
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else _content(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        loaded.problems.append(Problem(file, 1, f"cannot be read: {reason}"))
        return
    if len(data) > MAX_BYTES:
        loaded.problems.append(Problem(file, 1, f"larger than {MAX_BYTES >> 20} MiB"))
        return
    templated = b"{{" in data
    if templated and (chart := _chart_of(file, templates)):
        reason = f"a template of the Helm chart {chart}: give that directory, and the chart is rendered"
        loaded.problems.append(Problem(file, 1, reason))
        return
    documents = json_documents(data) if file.endswith(".json") else yaml_documents(data, scalars, templated=templated)
    for document in documents:
        if document.problem is not None:
            # Only the chart's templates can make something of such a file, and what they make of it is rendered.
            where = loaded.skipped if of_chart and templated else loaded.problems
            where.append(Problem(file, document.line, document.problem))
        elif document.value is not None:
            sort_document(document, file, loaded)


def _content(file: str) -> bytes:
    """Bytes of a regular file. Raises OSError, or ValueError for what is not a regular file (a pipe would hang)."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        size = min(status.st_size, MAX_BYTES) + 1
        data = os.read(descriptor, size)
        while len(data) < size and (more := os.read(descriptor, size - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


def _chart_of(file: str, known: dict[str, str]) -> str:
    """The Helm chart in whose `templates` folder the file lies; empty: in none. `known`: by folder."""
    folder = Path(file).absolute().parent
    if str(folder) not in known:
        above = [up.parent for up in (folder, *folder.parents) if up.name == "templates"]
        known[str(folder)] = next((str(chart) for chart in above if (chart / CHART_FILE).exists()), "")
    return known[str(folder)]


def sort_document(document: Document, file: str, loaded: Loaded) -> None:
    """Put one document where it belongs: objects, problems or skipped."""
    value = document.value
    if isinstance(value, dict):
        if Path(file).name in KUSTOMIZATION_FILES and not ("apiVersion" in value and "kind" in value):
            _kustomization(value, file, document.line, loaded)
        else:
            _object(value, file, document.line, document, loaded)
    elif isinstance(value, list) and any(isinstance(v, dict) and "apiVersion" in v and "kind" in v for v in value):
        reason = "a bare list of objects: no cluster takes it; use kind: List with items, or separate them with ---"
        loaded.problems.append(Problem(file, document.line, reason))
    else:
        loaded.skipped.append(Problem(file, document.line, "no Kubernetes object"))


def _object(value: dict[str, Any], file: str, line: int, document: Document, loaded: Loaded) -> None:
    """One mapping: an object, a list of objects, or something else."""
    if "apiVersion" not in value or "kind" not in value:
        loaded.skipped.append(Problem(file, line, "no Kubernetes object (no apiVersion and kind)"))
        return
    version, kind = value["apiVersion"], value["kind"]
    if not (isinstance(version, str) and version and isinstance(kind, str) and kind):
        unknown = next((v for v in (version, kind) if isinstance(v, UnknownValue)), None)
        reason = unknown.reason if unknown else "must be text"
        loaded.problems.append(Problem(file, line, f"apiVersion, kind: {reason}"))
        return
    group = version.partition("/")[0] if "/" in version else ""
    if group == KUSTOMIZE:
        _kustomization(value, file, line, loaded)
    elif group in NOT_API_GROUPS or (version == "v1" and kind == "Config" and "metadata" not in value):
        loaded.skipped.append(Problem(file, line, f"no Kubernetes object ({kind} is a program's configuration)"))
    elif kind.endswith("List") and "items" in value:
        _items(value, file, line, document, loaded)
    elif unnamed := _unnamed(value.get("metadata")):
        loaded.problems.append(Problem(file, line, f"{kind}: {unnamed}"))
    else:
        loaded.objects.append(Manifest(value, file, line))


def _unnamed(metadata: Any) -> str | None:
    """Why the object has no usable name, or None."""
    if not isinstance(metadata, dict):
        return "metadata is missing" if metadata is None else "metadata must be a mapping"
    name = metadata.get("name") or metadata.get("generateName")
    if name is None:
        return "metadata.name is missing"
    if not isinstance(name, str | UnknownValue):
        return "metadata.name must be text"
    if not isinstance(metadata.get("namespace"), str | UnknownValue | None):
        return "metadata.namespace must be text"
    return None


def _items(value: dict[str, Any], file: str, line: int, document: Document, loaded: Loaded) -> None:
    """Expand a List kind. The items of a typed list (DeploymentList) may leave out apiVersion and kind."""
    items = value["items"]
    if items is None:
        return
    if not isinstance(items, list):
        loaded.problems.append(Problem(file, line, f"{value['kind']}: items must be a list"))
        return
    for item in items:
        at = document.lines.get(id(item), line)
        if not isinstance(item, dict):
            loaded.problems.append(Problem(file, at, f"{value['kind']}: an item is no mapping"))
            continue
        whole = item
        if value["kind"] != "List" and "kind" not in item:
            whole = {"apiVersion": value["apiVersion"], "kind": value["kind"].removesuffix("List"), **item}
        if "apiVersion" not in whole or "kind" not in whole:
            loaded.problems.append(Problem(file, at, f"{value['kind']}: an item has no apiVersion and kind"))
            continue
        _object(whole, file, at, document, loaded)


def _kustomization(value: dict[str, Any], file: str, line: int, loaded: Loaded) -> None:
    """A kustomization that changes objects, or fetches them, makes others than those that stand in the files."""
    resources = value.get("resources") or []
    local = isinstance(resources, list) and all(isinstance(r, str) and "://" not in r for r in resources)
    changing = sorted(key for key in value if key not in HARMLESS_KUSTOMIZE_KEYS)
    if changing or not local:
        what = f"changes the objects ({', '.join(changing)})" if changing else "fetches remote objects"
        loaded.problems.append(Problem(file, line, f"a kustomization that {what}: {_KUSTOMIZE_FIRST}"))
    else:
        loaded.listed.extend(Listed(file, line, each) for each in resources)
        loaded.skipped.append(Problem(file, line, "no Kubernetes object (a kustomization that only lists files)"))


def _not_given(listed: Iterable[Listed], files: Iterable[str]) -> Iterator[Problem]:
    """What kustomizations list and nobody read: paths outside of what was given, and remote objects without a scheme."""
    read = {os.path.realpath(file) for file in files}
    for file, line, resource in listed:
        path = _real(os.path.join(os.path.dirname(file), resource))  # noqa: PTH118, PTH120 (no path object per file)
        if path not in read and read.isdisjoint(f"{path}/{name}" for name in KUSTOMIZATION_FILES):
            what = f"lists {printable(resource)}, which is not among the files given"
            yield Problem(file, line, f"a kustomization that {what}: {_KUSTOMIZE_FIRST}")


def _real(path: str) -> str:
    """The path without links; empty for text that is no path (a null byte)."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return ""
