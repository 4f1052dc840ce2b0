"""Renders a chart with the real helm, without a cluster, a network, a shell, or anything of the user's own helm."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from yiyun import toolchain
from yiyun.crds import model as crds
from yiyun.evidence.charts import bounded
from yiyun.evidence.charts.bounded import Bounds
from yiyun.evidence.charts.chart import Chart
from yiyun.evidence.charts.words import Refusal, refusal
from yiyun.printable import printable
from yiyun.toolchain.recipe import recipe_of

BOUNDS = Bounds(cpu_seconds=30, seconds=300, output=64 * 1024 * 1024, memory=1024 * 1024 * 1024)
"""Of one rendering. A chart of four objects takes 0.1 s, 2 KiB and 50 MiB."""

NAMESPACE = "release-namespace"
"""Namespace of every release: no real one, so that what a chart writes itself is told apart from it."""

_SOURCE = re.compile(rb"^---\n# Source: (.+)\n", re.MULTILINE)
_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?")


class Part(NamedTuple):
    """What one template rendered to: YAML, often several documents."""

    template: str
    """As helm names it: `chart/templates/x.yaml`."""
    data: bytes


def release_name(chart: Chart, taken: set[str]) -> str:
    """A name for the release: the chart's own, with a number where another chart of the run has it. Adds it to `taken`."""
    name = chart.name if _RELEASE.fullmatch(chart.name) else "release-name"
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    taken.add(found)
    return found


def render(chart: Chart, release: str, values: Sequence[bytes]) -> list[Part] | Refusal:
    """Render a chart with its own values and, over them, `values` in their order.

    Raises UserError when helm is not there.
    """
    helm = toolchain.find("helm")
    with tempfile.TemporaryDirectory(prefix="yiyun-helm-") as directory:
        home = Path(directory)
        command = [str(helm), *_arguments(chart, release, list(_written(values, home)))]
        ended = bounded.run(command, _environment(home), home, BOUNDS)
    if ended.code or ended.stopped:
        return refusal(chart, ended, BOUNDS.memory)
    return list(_parts(ended.stdout))


def _written(values: Sequence[bytes], home: Path) -> Iterator[Path]:
    for number, content in enumerate(values):
        file = home / f"values-{number}.yaml"
        file.touch(mode=0o600)
        file.write_bytes(content)
        yield file


def _arguments(chart: Chart, release: str, values: Sequence[Path]) -> list[str]:
    given = ["template", release, os.path.abspath(chart.path), "--include-crds", "--namespace", NAMESPACE]  # noqa: PTH100 (a link stays a link)
    for file in values:
        quoted = str(file).replace('"', '""')
        given += ["--values", f'"{quoted}"']  # helm reads it as a line of CSV
    return [*given, "--kube-version", kubernetes_version(), "--api-versions", ",".join(api_versions())]


@cache
def kubernetes_version() -> str:
    """The release of Kubernetes that yiyun's clusters run."""
    return recipe_of("kube-apiserver").pinned("k8s.io/kubernetes")


@cache
def api_versions() -> tuple[str, ...]:
    """What the CRDs of yiyun's clusters serve, in both forms that charts ask for: `group/version`, `group/version/Kind`."""
    served = [
        (f"{kind.group}/{version.name}", kind.kind)
        for kind in crds.read().kinds
        for version in kind.versions
        if version.served
    ]
    return tuple(sorted({group for group, _ in served} | {f"{group}/{kind}" for group, kind in served}))


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's: no plugins, repositories, credentials, kubeconfig, proxies."""
    own = {name: str(home / name.lower()) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    return {
        **own,
        "HELM_PLUGINS": str(home / "plugins"),
        "HOME": str(home),
        "TMPDIR": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "PATH": os.defpath,
        "GOMEMLIMIT": str(BOUNDS.memory * 3 // 4),  # collect garbage before the bound is reached
    }


def _parts(printed: bytes) -> Iterator[Part]:
    """Helm begins what each template rendered to with a separator and its name; nothing rendered can hold both.

    Files in crds/ are printed as they are, and may: only names of the same chart are taken for helm's.
    """
    heads = list(_SOURCE.finditer(printed))
    chart = heads[0][1].partition(b"/")[0] + b"/" if heads else b""
    heads = [head for head in heads if head[1].startswith(chart)]
    starts = [*(head.start() for head in heads), len(printed)]
    if printed[: starts[0]].strip():
        yield Part("", printed[: starts[0]])
    for head, end in zip(heads, starts[1:], strict=True):
        yield Part(printable(head[1].decode("utf-8", "replace")), printed[head.end() : end])
