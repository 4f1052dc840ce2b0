"""The machine's own apt, with lists and downloads of its own: reads Debian 12 for two architectures, installs nothing.

Where packages come from is what the machine's apt is set up for; its lists, its cache and its dpkg are only read.
"""

import fcntl
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yiyun.errors import UserError
from yiyun.lab.hosts.command import run

SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FRESH_SECONDS = 24 * 3600.0
"""Lists younger than this are taken as they are."""
DOWNLOAD_SECONDS = 1800.0
READ_SECONDS = 900.0
"""Reading all lists takes seconds; more than 120 were seen with 15 programs waiting for each processor."""
_PLANNED = re.compile(
    r"^Inst (?P<name>[^\s:]+)\S*( \[[^]]*\])? \((?P<version>\S+) .*?\[(?P<arch>\w+)\]\)", re.MULTILINE
)
"""A line of `apt-get --simulate install`."""
_FIELD = re.compile(r"^(Package|Version|Architecture|Essential|Priority): (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Apt:
    """A private view of Debian 12's packages, kept in `directory` (made on first use)."""

    directory: Path

    @property
    def sources(self) -> Path:
        """One-line sources, as apt and mmdebstrap read them."""
        return self.directory / "sources.list"

    def update(self) -> None:
        """Read the package lists where they are missing or older than a day; old ones serve when that fails."""
        stamp = self.directory / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < FRESH_SECONDS and self.sources.exists():
            return
        with self._locked():
            for name in ("lists/partial", "archives/partial"):
                (self.directory / name).mkdir(parents=True, exist_ok=True)
            self.sources.write_text("".join(f"{line}\n" for line in _machine_sources()), encoding="utf-8")
            try:
                run(["apt-get", *self._options("amd64"), "update", "--error-on=any"], seconds=DOWNLOAD_SECONDS)
            except UserError:
                if not stamp.exists():
                    raise
                return
            stamp.touch()

    def download(self, packages: Sequence[str], status: Path, arch: str) -> list[Path]:
        """Download `packages` and all that they need beyond what the dpkg status file lists; return the .deb files.

        Works for any architecture and any root without running anything of that root.
        Raises UserError when a package does not exist or cannot be downloaded.
        """
        self.update()
        install = [
            "apt-get",
            *self._options(arch),
            *("-o", f"Dir::State::status={status}"),
            *("install", "--yes", "--no-install-recommends", "--reinstall"),
        ]
        with self._locked():
            planned = run([*install, "--simulate", *packages], seconds=READ_SECONDS)
            run([*install, "--download-only", *packages], seconds=DOWNLOAD_SECONDS)
        files = [
            f"{found['name']}_{found['version'].replace(':', '%3a')}_{found['arch']}.deb"
            for found in _PLANNED.finditer(planned)
        ]
        return [self.directory / "archives" / name for name in files]

    def known(self, packages: Sequence[str], arch: str) -> set[str]:
        """Those of `packages` that exist for an architecture and can be installed by name."""
        self.update()
        shown = run(["apt-cache", *self._options(arch), "policy", *packages], seconds=READ_SECONDS)
        blocks = re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.*)$", shown, re.MULTILINE)
        return {name.partition(":")[0] for name, candidate in blocks if candidate != "(none)"}

    def minimal_status(self, packages: Sequence[str], arch: str) -> str:
        """The dpkg status file of a minimal installation with `packages`, without making one.

        It has what is essential or required, apt, and what all these need. Nothing of that architecture is run.
        """
        self.update()
        with tempfile.NamedTemporaryFile(prefix="yiyun-status-") as empty:
            options = [*self._options(arch), "-o", f"Dir::State::status={empty.name}"]
            stanzas = {}
            for stanza in run(["apt-cache", *options, "dumpavail"], seconds=300).split("\n\n"):
                fields = dict(_FIELD.findall(stanza))
                if fields.get("Architecture") in {arch, "all"}:
                    stanzas[fields["Package"], fields["Version"]] = fields, stanza
            wanted = {name for (name, _), (fields, _) in stanzas.items() if _is_minimal(fields)} | {"apt", *packages}
            install = ["install", "--yes", "--no-install-recommends", "--simulate"]
            planned = run(["apt-get", *options, *install, *sorted(wanted)])
        found = [stanzas[each["name"], each["version"]][1] for each in _PLANNED.finditer(planned)]
        return "".join(f"{stanza.strip()}\nStatus: install ok installed\n\n" for stanza in found)

    def _options(self, arch: str) -> list[str]:
        values = {
            "Dir::Etc::SourceList": self.sources,
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::lists": self.directory / "lists",
            "Dir::State::extended_states": "/dev/null",
            "Dir::Cache::archives": self.directory / "archives",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "root",
            "APT::Architecture": arch,
            "Debug::NoLocking": "true",
            "Acquire::Retries": "3",
        }
        settings = [f"{name}={value}" for name, value in values.items()]
        # The lists are read for both; a package of the other one is never chosen, since names come without `:arch`.
        settings += ["APT::Architectures=", "APT::Architectures::=amd64", "APT::Architectures::=arm64"]
        return [word for setting in settings for word in ("-o", setting)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two yiyun apart; the machine's own apt is not concerned."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _is_minimal(fields: Mapping[str, str]) -> bool:
    """Whether every installation has a package."""
    return fields.get("Essential") == "yes" or fields.get("Priority") == "required"


def _machine_sources() -> Iterable[str]:
    """Lines of sources.list for Debian 12, from the machine's own sources. Raises UserError when it has none."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Created-By: Packages"])
    found: dict[str, None] = {}
    for line in listed.splitlines():
        address, release, component = line.split("|")
        if release in SUITES and component == "main":
            found[f"deb [signed-by={KEYRING}] {address} {release} {component}"] = None
    if not found:
        raise UserError(
            f"this machine's apt has no sources of Debian 12 ({SUITE}), from which the lab's hosts are made: "
            "add them below /etc/apt/sources.list.d, with the archive's keyring"
        )
    return found
