"""`crds.lock`: which resource definitions the lab serves, at which version, from where, with which content.

A person writes a project (name, version, sources) and the names of its kinds; `yiyun.crds.lock` fills in the rest.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

LOCK = CHECKOUT / "crds.lock"

HEADER = """\
# Custom resource definitions that the lab serves. Written by `python -m yiyun.crds`; by hand only: projects, their
# versions and sources, and the name and file of a kind to be added. The definitions themselves are never committed.
# sha256: of the canonical JSON (sorted keys; without descriptions, printer columns, status and Helm annotations).
# Sources, in order: `bundle` (a file of the bundle directory), `module` (path@version on the Go module proxy), `url`.
"""

Text = Annotated[str, StringConstraints(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Version(_Closed):
    """One version of a kind."""

    name: Text
    served: bool
    storage: bool
    status: bool
    """Whether it has a status subresource."""


class Kind(_Closed):
    """One custom resource definition."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
    """`<plural>.<group>`."""
    file: Text | None = None
    """Where the project keeps it, relative to its module; None: not as a manifest."""
    kind: Text
    singular: Text
    short_names: tuple[Text, ...] = ()
    scope: Literal["Namespaced", "Cluster"]
    versions: Annotated[tuple[Version, ...], Field(min_length=1)]
    sha256: Sha256

    @property
    def plural(self) -> str:
        """Name of the resource in URLs."""
        return self.name.partition(".")[0]

    @property
    def group(self) -> str:
        """API group."""
        return self.name.partition(".")[2]

    @model_validator(mode="after")
    def _one_storage_version(self) -> "Kind":
        if sum(version.storage for version in self.versions) != 1:
            raise ValueError(f"{self.name}: exactly one version must be the storage version")
        return self


class Project(_Closed):
    """An upstream project and where its definitions come from."""

    name: Text
    version: Text
    bundle: Text
    module: Annotated[str, StringConstraints(pattern=r"^\S+@v\S+$")] | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://\S*\{file\}\S*$")] | None = None
    """Release URL on the project's own site; `{file}` stands for the kind's file."""
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]


class Lock(_Closed):
    """Content of `crds.lock`."""

    version: Literal[1] = 1
    projects: Annotated[tuple[Project, ...], Field(min_length=1)]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds of all projects."""
        return tuple(kind for project in self.projects for kind in project.kinds)

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Lock":
        names = [kind.name for kind in self.kinds]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(f"listed twice: {', '.join(doubles)}")
        return self


def parse(text: str, origin: str) -> Lock:
    """Read the text of a lock. Raises UserError naming `origin` and the place of each mistake."""
    try:
        return Lock.model_validate(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{origin}:{mark.line + 1}" if mark else origin
        raise UserError(f"{where}: not YAML: {getattr(error, 'problem', error)}") from error
    except ValidationError as error:
        lines = [
            f"{origin}: {'.'.join(str(part) for part in each['loc']) or 'top level'}: {each['msg']}"
            for each in error.errors()
        ]
        raise UserError("\n".join(lines)) from error


def read(path: Path = LOCK) -> Lock:
    """Read a lock file. Raises UserError when it is missing or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    return parse(text, str(path))


def dump(lock: Lock) -> str:
    """The text of a lock file, short enough to review: one line per version, defaults left out."""
    content = lock.model_dump(mode="json", exclude_defaults=True)
    return HEADER + yaml.dump({"version": lock.version, **content}, Dumper=_Dumper, sort_keys=False, width=200)


class _Dumper(yaml.SafeDumper):
    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        leaf = all(isinstance(value, str | bool) for value in mapping.values()) and "storage" in mapping
        return super().represent_mapping(tag, mapping, flow_style=True if leaf else flow_style)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        leaf = all(isinstance(each, str) for each in sequence)
        return super().represent_sequence(tag, sequence, flow_style=True if leaf else flow_style)


_Dumper.add_representer(dict, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data))
_Dumper.add_representer(list, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data))
