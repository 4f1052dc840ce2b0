"""Makes `crds.lock`: reads every kind from its sources and writes down what it is."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from yiyun import files
from yiyun.crds import form, model, sources
from yiyun.crds.model import Kind, Lock, Project
from yiyun.errors import UserError

LIMIT = 110
"""Kinds; each costs the API server about 5 MB and start-up time."""


def lock(path: Path = model.LOCK, bundle: Path | None = None, report: Callable[[str], None] = print) -> Lock:
    """Fill in names, versions and hashes of all kinds listed in `path` from the bundle, and write the file.

    A kind to be added is an entry with `name` (and `file`, where the project keeps it as a manifest). Raises
    UserError when the bundle lacks a kind, or when more than 110 are listed.
    """
    directory = bundle or sources.bundle_dir()
    if directory is None:
        raise UserError("no bundle directory: set YIYUN_BUNDLE to a directory of *.jsonl.gz")
    wanted = _wanted(path)
    total = sum(len(each["kinds"]) for each in wanted)
    if total > LIMIT:
        raise UserError(f"{path}: {total} kinds are listed, at most {LIMIT} keep the lab within its memory")
    locked = Lock(projects=tuple(_project(each, directory, path) for each in wanted))
    files.write(path, model.dump(locked), mode=0o644)
    report(f"{path}: {total} kinds of {len(locked.projects)} projects")
    return locked


def _wanted(path: Path) -> list[dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [{**project, "kinds": list(project["kinds"])} for project in content["projects"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(f"{path}: no list of projects with kinds: {error}") from error


def _project(wanted: Mapping[str, Any], bundle: Path, path: Path) -> Project:
    try:
        definitions = {each["metadata"]["name"]: each for each in sources.read_bundle(bundle / wanted["bundle"])}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path}: project {wanted.get('name')}: bundle file cannot be read: {error}") from error
    return Project.model_validate({**wanted, "kinds": tuple(_kinds(wanted, definitions, path))})


def _kinds(wanted: Mapping[str, Any], definitions: Mapping[str, Any], path: Path) -> Iterable[Kind]:
    for entry in wanted["kinds"]:
        given = entry if isinstance(entry, Mapping) else {"name": entry}
        name = str(given.get("name"))
        if name not in definitions:
            raise UserError(f"{path}: project {wanted['name']}: {wanted['bundle']} holds no definition {name}")
        yield form.describe(definitions[name], given.get("file"))
