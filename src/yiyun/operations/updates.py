"""The record of updates of a site: what was wished for, by whom, when, and how it ended. Rollback reads it."""

import getpass
import json
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yiyun.errors import UserError
from yiyun.paths import CHECKOUT
from yiyun.site import Site

UNFINISHED = "unfinished"
CREATES = "creates.json"
SITE_FILES = ("hosts.yaml", "site.yaml", "waivers.yaml", "group_vars", "host_vars")


@dataclass(frozen=True)
class Update:
    """One recorded update."""

    number: int
    directory: Path
    facts: dict[str, Any]

    @property
    def site_directory(self) -> Path:
        """Copy of the site's files as they were wished for."""
        return self.directory / "site"


@dataclass(frozen=True)
class BrokenOff:
    """The updates that neither ended well nor were settled since."""

    updates: tuple[Update, ...]

    def creates(self, stack: str) -> list[dict[str, Any]]:
        """What they were about to create in one stack, as its state would have it, parents first."""
        return [
            resource
            for update in self.updates
            if (path := update.directory / CREATES).exists()
            for resource in json.loads(path.read_text(encoding="utf-8")).get(stack, ())
        ]

    def settled(self) -> None:
        """Record that state and cluster agree again."""
        for update in self.updates:
            finish(update, "broken off")


def recorded(site: Site) -> list[Update]:
    """All updates of `site`, oldest first."""
    paths = sorted((site.state_dir / "updates").glob("*/update.json"))
    return [Update(int(p.parent.name), p.parent, json.loads(p.read_text(encoding="utf-8"))) for p in paths]


def find(site: Site, number: int) -> Update:
    """Return update `number`. Raises UserError that lists the ones there are."""
    known = recorded(site)
    for update in known:
        if update.number == number:
            return update
    listed = "\n".join(f"  {u.number}  {u.facts['at']}  {u.facts['by']}  {u.facts['result']}" for u in known)
    raise UserError(f"site {site.name} has no update {number}; recorded are:\n{listed or '  none'}")


def broken_off(site: Site) -> BrokenOff:
    """The updates whose end was never recorded."""
    return BrokenOff(tuple(update for update in recorded(site) if update.facts["result"] == UNFINISHED))


def begin(
    site: Site,
    changes: dict[str, dict[str, int]],
    command: str,
    creates: Mapping[str, list[Mapping[str, Any]]] | None = None,
) -> Update:
    """Record that an update begins: a copy of the site's files, the commit, who and when.

    `creates`: per stack, what it will create, as its state will have it.
    """
    known = recorded(site)
    number = known[-1].number + 1 if known else 1
    directory = site.state_dir / "updates" / f"{number:06d}"
    (directory / "site").mkdir(parents=True, exist_ok=True, mode=0o700)  # there after a kill -9 right here
    for name in SITE_FILES:
        source = site.path / name
        if source.is_dir():
            shutil.copytree(source, directory / "site" / name, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, directory / "site" / name)
    update = Update(
        number,
        directory,
        {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "by": f"{getpass.getuser()}@{socket.gethostname()}",
            "command": command,
            "commit": _commit(),
            "changes": changes,
            "result": UNFINISHED,
        },
    )
    (directory / CREATES).write_text(json.dumps(creates or {}, ensure_ascii=False), encoding="utf-8")
    _write(update)
    return update


def finish(update: Update, result: str) -> None:
    """Record how the update ended."""
    update.facts["result"] = result
    _write(update)
    (update.directory / CREATES).unlink(missing_ok=True)  # of use to one that was broken off only


def _write(update: Update) -> None:
    path = update.directory / "update.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(update.facts, indent=1, ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)


def _commit() -> str:
    git = ["git", "-C", str(CHECKOUT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False)
    return (head.stdout.strip() or "unknown") + ("+changes" if dirty.stdout.strip() else "")
