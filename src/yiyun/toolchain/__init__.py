"""Finds or builds the pinned tools: `YIYUN_BIN`, the bundle, a compatible one on PATH, the cache, a build, in this order."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from yiyun import bundle
from yiyun.bundle import layout
from yiyun.errors import UserError
from yiyun.paths import cache_dir
from yiyun.toolchain import builder
from yiyun.toolchain.recipe import MACHINES, Recipe, recipe_of, recipes

ALL = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "kwok",
    "pulumi",
    "pulumi-language-python",
    "pulumi-resource-kubernetes",
    "helm",
)
BUILDS_AT_ONCE = 2
"""The linker works on one core, and fetching on none: another build fills the gap."""


@dataclass(frozen=True)
class Found:
    """Where a tool was found. `source` is YIYUN_BIN, bundle, PATH or cache."""

    path: Path
    version: str
    source: str


def pulumi_home() -> Path:
    """PULUMI_HOME of yiyun: plugins and nothing of the user's own."""
    return cache_dir() / "pulumi"


def locate(tool: str) -> Found | None:
    """Look for `tool` without building anything. Raises UserError when `YIYUN_BUNDLE` names a damaged bundle."""
    recipe = recipe_of(tool)
    given = os.environ.get("YIYUN_BIN")
    if given:
        candidate = Path(given) / tool
        if candidate.exists():
            return Found(candidate, _version(candidate, recipe.build.binaries[tool].version_args) or "?", "YIYUN_BIN")
    in_bundle = _in_bundle(tool)
    if in_bundle:
        return Found(in_bundle, _version(in_bundle, recipe.build.binaries[tool].version_args) or "pinned", "bundle")
    on_path = _compatible_on_path(tool)
    if on_path:
        return on_path
    built = recipe.bin_dir / tool
    if built.exists():
        return Found(built, _version(built, recipe.build.binaries[tool].version_args) or "pinned", "cache")
    return None


@cache
def find(tool: str) -> Path:
    """Return the path of `tool`. Raises UserError with the remedy when it is not there yet."""
    found = locate(tool)
    if found is None:
        raise UserError(f"{tool} is missing: run  ./yiyun doctor --build  (or set YIYUN_BIN to a directory with it)")
    return found.path


def ensure(tools: Iterable[str], report: Callable[[str], None]) -> dict[str, Path]:
    """Find `tools`, building what is missing, and return their paths.

    Raises UserError when a build fails, with the end of the compiler's output.
    """
    wanted = list(tools)
    missing = {recipe_of(tool).name: recipe_of(tool) for tool in wanted if locate(tool) is None}
    if missing:
        report(f"building {', '.join(missing)} in {cache_dir()}, {BUILDS_AT_ONCE} at a time")
        with ThreadPoolExecutor(BUILDS_AT_ONCE) as workers:
            list(workers.map(lambda recipe: builder.build(recipe, report), _largest_first(missing.values())))
    if missing and all(locate(tool) for tool in ALL):
        builder.drop_compiler_cache()
    find.cache_clear()
    paths = {tool: find(tool) for tool in wanted}
    if "pulumi-resource-kubernetes" in paths:
        provider = recipe_of("pulumi-resource-kubernetes")
        builder.link_plugin(provider, paths["pulumi-resource-kubernetes"], pulumi_home())
    if "pulumi" in paths:
        builder.keep_no_logs(pulumi_home())
        builder.put_beside(recipe_of("pulumi-language-python").bin_dir, recipe_of("pulumi").bin_dir)
    return paths


def _largest_first(wanted: Iterable[Recipe]) -> list[Recipe]:
    """In order of their pinned modules: what takes longest must not begin last."""
    return sorted(wanted, key=lambda recipe: (recipe.source / "go.sum").stat().st_size, reverse=True)


def bin_path() -> list[Path]:
    """Directories that make the tools that people call win on PATH, without doubles, in order."""
    directories: dict[Path, None] = {}
    for tool in ("pulumi", "kubectl", "helm"):
        found = locate(tool)
        if found:
            directories.setdefault(found.path.parent)
    return list(directories)


def _in_bundle(tool: str) -> Path | None:
    given = bundle.opened()
    arch = MACHINES.get(os.uname().machine, "")
    if given is None or f"{layout.binaries(arch)}/{tool}" not in given.manifest.by_path():
        return None
    return given.programs(arch) / tool


@cache
def _compatible_on_path(tool: str) -> Found | None:
    recipe = recipe_of(tool)
    accepts = recipe.build.binaries[tool].accepts
    found = shutil.which(tool)
    if not found or not accepts:
        return None
    version = _version(Path(found), recipe.build.binaries[tool].version_args)
    return Found(Path(found), version, "PATH") if version and _accepted(version, accepts) else None


def _accepted(version: str, accepts: str) -> bool:
    try:
        return SpecifierSet(accepts).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


@cache
def _version(binary: Path, args: tuple[str, ...]) -> str | None:
    if not args:
        return None
    try:
        done = subprocess.run([str(binary), *args], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v?(\d+\.\d+\.\d+)", done.stdout + done.stderr)
    return match[1] if match else None


__all__ = ["ALL", "Found", "bin_path", "ensure", "find", "locate", "pulumi_home", "recipes"]
