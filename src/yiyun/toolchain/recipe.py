"""The pins: what each directory under toolchain/ builds (its `build.yaml`, `go.mod` and `go.sum`)."""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from yiyun.paths import CHECKOUT, cache_dir

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Architectures in the words of Go and Debian, by the kernel's."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Binary(_Closed):
    """One program of a module."""

    package: str
    version_args: tuple[str, ...] = ()
    """Arguments that make it print its version; none: it is never taken from PATH by itself."""
    accepts: str = ""
    """PEP 440 specifier of the versions that will do when one is found on PATH."""


class Scripts(_Closed):
    """Executable files of a module that are copied as they are."""

    module: str
    files: tuple[str, ...]


class SetVersion(_Closed):
    """A JSON file whose `version` is set before it is embedded."""

    file: str
    version: str


class Embed(_Closed):
    """Files of a module that are copied beside main.go before it is compiled."""

    module: str
    files: tuple[str, ...]
    set_version: SetVersion | None = None


class Plugin(_Closed):
    """A Pulumi resource plugin: where PULUMI_HOME wants it."""

    name: str
    version: str


class BuildFile(_Closed):
    """Content of one build.yaml."""

    release: str = ""
    """Set where another recipe builds programs of the same names: which release these are of, as they print it."""
    ldflags: str = ""
    binaries: dict[str, Binary]
    scripts: Scripts | None = None
    embed: Embed | None = None
    plugin: Plugin | None = None


@dataclass(frozen=True)
class Recipe:
    """One module to build."""

    name: str
    source: Path
    build: BuildFile
    arch: str = ""
    """Architecture to build for, `amd64` or `arm64`; empty: the machine's own."""

    def built_for(self, arch: str) -> "Recipe":
        """The same recipe for an architecture. For the machine's own it is this one."""
        return replace(self, arch="" if arch == MACHINES.get(os.uname().machine) else arch)

    @property
    def pins_hash(self) -> str:
        """Hash of everything that decides what comes out: go.mod, go.sum, build.yaml and the Go sources."""
        digest = hashlib.sha256()
        for path in sorted(p for p in self.source.iterdir() if p.suffix in {".mod", ".sum", ".yaml", ".go"}):
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def pinned(self, module: str) -> str:
        """Version of a module that go.mod names. Raises KeyError when it names none."""
        text = (self.source / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (\S+)", text, re.MULTILINE)
        if found is None:
            raise KeyError(module)
        return found[1]

    @property
    def bin_dir(self) -> Path:
        """Where the finished build lies. It exists only when complete (it is renamed into place)."""
        suffix = f"-{self.arch}" if self.arch else ""
        return cache_dir() / "toolchain" / f"{self.name}-{self.pins_hash}{suffix}" / "bin"


def recipes() -> dict[str, Recipe]:
    """All recipes by directory name."""
    found = {}
    for path in sorted((CHECKOUT / "toolchain").glob("*/build.yaml")):
        build = BuildFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        found[path.parent.name] = Recipe(path.parent.name, path.parent, build)
    return found


def recipe_of(tool: str, release: str = "") -> Recipe:
    """Return the recipe that builds `tool`, of another release than the usual one where that is named.

    Raises KeyError for a name that no recipe of the release builds.
    """
    for recipe in recipes().values():
        if recipe.build.release == release and tool in recipe.build.binaries:
            return recipe
    raise KeyError(f"{tool} {release}".strip())
