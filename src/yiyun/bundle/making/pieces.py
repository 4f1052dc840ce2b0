"""What the parts of a bundle are made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from yiyun.bundle.manifest import Arch, File, Kind, Missing
from yiyun.site import Site

Report = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What a bundle is made for."""

    site: Site
    arches: tuple[Arch, ...]
    directory: Path
    """The bundle. Parts read from it only what people have put there."""


@dataclass(frozen=True)
class Piece:
    """One file of a bundle, and where its content comes from."""

    path: str
    """In the bundle."""
    source: Path | bytes
    kind: Kind
    name: str
    version: str | None = None
    arch: Arch | None = None
    os_profile: str | None = None
    added: bool = False
    """A person put it there: the source is the file itself."""

    def listed(self, sha256: str, size: int) -> File:
        """Its entry in the manifest."""
        return File(
            path=self.path,
            sha256=sha256,
            size=size,
            kind=self.kind,
            name=self.name,
            version=self.version,
            arch=self.arch,
            os_profile=self.os_profile,
            added=self.added,
        )


@dataclass
class Made:
    """What a part brings, and what it could not."""

    pieces: list[Piece] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def add(self, other: "Made") -> None:
        """Take in what another part brings."""
        self.pieces += other.pieces
        self.missing += other.missing

    def lack(self, kind: Kind, name: str, why: str, *, arch: Arch | None = None, os_profile: str | None = None) -> None:
        """Note something that should be there and could not be brought."""
        words = " ".join(why.split())[-500:] or "no reason was given"
        self.missing.append(Missing(kind=kind, name=name, arch=arch, os_profile=os_profile, by_design=False, why=words))
