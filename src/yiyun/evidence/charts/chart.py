"""What a Helm chart is: a directory with Chart.yaml, or an archive of one."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from yiyun.evidence.yaml_documents import Scalars, yaml_documents

CHART_FILE = "Chart.yaml"
ARCHIVES = (".tgz", ".tar.gz")
OWN_FOLDERS = frozenset({"templates", "charts", "crds"})
OWN_FILES = frozenset({CHART_FILE, "values.yaml", "values.schema.json", "requirements.yaml"})
"""What helm itself reads of a chart's directory; other files there are files like any other."""

_LARGEST = 1024 * 1024
_VERSIONED = re.compile(r"-v?\d+\.\d+.*$")


class Chart(NamedTuple):
    """One chart among the inputs."""

    path: str
    """Its directory or archive, as it was found."""
    name: str
    is_library: bool = False
    """It only holds what other charts include; by itself it renders nothing."""

    @property
    def is_archive(self) -> bool:
        """Whether it is packed."""
        return self.path.endswith(ARCHIVES)

    @property
    def file(self) -> str:
        """The file that stands for the whole chart in reports."""
        return self.path if self.is_archive else os.path.join(self.path, CHART_FILE)  # noqa: PTH118 (as it was given)

    def file_of(self, template: str) -> str:
        """The file on disk of a template that helm names `chart/templates/x.yaml`; `file` where it lies in an archive."""
        inside = template.partition("/")[2]
        file = os.path.join(self.path, inside)  # noqa: PTH118 (as it was given)
        return file if inside[:1] != "/" and ".." not in inside and Path(file).is_file() else self.file


def read_chart(path: str) -> Chart:
    """What is at `path`, a directory with Chart.yaml or an archive. What is wrong with it is left for helm to say."""
    if path.endswith(ARCHIVES):
        stem = Path(path).name.removesuffix(".tgz").removesuffix(".tar.gz")
        return Chart(path, _VERSIONED.sub("", stem))
    about = _about(Path(path) / CHART_FILE)
    name = about.get("name")
    usable = isinstance(name, str) and name.isprintable()
    return Chart(path, str(name) if usable else Path(path).resolve().name, about.get("type") == "library")


def _about(file: Path) -> dict[str, object]:
    """The content of Chart.yaml; empty where it cannot be read, or might be read in two ways."""
    try:
        with file.open("rb") as content:
            first = next(yaml_documents(content.read(_LARGEST), Scalars()), None)
    except OSError:
        return {}
    return first.value if first and first.problem is None and isinstance(first.value, dict) else {}
