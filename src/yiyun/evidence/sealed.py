"""The signed list of everything that an audit kept: `manifest.json`, its signature, and the signer's public key.

    {"schema": "yiyun.audit/1", "site": ..., "taken": ..., "root": ..., "files": [{"path", "sha256", "size"}, ...]}

`root` is one hash for the whole tree: sha256 over a line `<sha256>  <path>` for each file in order of its path, which
is what `sha256sum` prints. docs/schemas/audit.json is the published schema.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from yiyun.errors import UserError
from yiyun.signing import tree
from yiyun.signing.manifest import Closed, Sha256, encode, published_schema
from yiyun.signing.seal import Seal

SEAL = Seal("audit", "YIYUN_AUDIT_KEY", "manifest.json", "manifest.pub")
SCHEMA = "yiyun.audit/1"
LIMIT = 64 * 2**20
"""Bytes of a manifest."""


def _inside(path: str) -> str:
    if not path.isprintable() or str(PurePosixPath(path)) != path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError("is no plain relative path")
    return path


class File(Closed):
    """One file of an audit."""

    path: Annotated[str, StringConstraints(min_length=1), AfterValidator(_inside)]
    """Relative to the audit's directory, with slashes."""
    sha256: Sha256
    size: Annotated[int, Field(ge=0, strict=True)]
    """Bytes."""


class Manifest(Closed):
    """Content of manifest.json."""

    schema_id: Annotated[Literal["yiyun.audit/1"], Field(alias="schema")]
    site: str
    """Name of the site."""
    taken: str
    """When the evidence was read, ISO 8601 in UTC; empty where none was."""
    root: Sha256
    """Over the lines `<sha256>  <path>` of all files, by path."""
    files: tuple[File, ...]
    """Every file but manifest.json, manifest.json.sig and manifest.pub, by path."""

    @model_validator(mode="after")
    def _paths_are_unique(self) -> Self:
        if len({file.path for file in self.files}) != len(self.files):
            raise ValueError("files: a path is listed twice")
        return self


@dataclass(frozen=True)
class Verification:
    """What became of an audit's files since they were signed."""

    problems: tuple[str, ...]
    """What was altered, beginning with the path."""
    signed: bool
    """Whether the list itself is what somebody signed."""
    stranger: str | None
    """Why nobody vouches for it: the key is not trusted here; None where it is."""
    fingerprint: str
    """Of the key beside it; empty where there is none."""
    manifest: Manifest | None
    """None where it cannot be read, which is a problem too."""

    @property
    def altered(self) -> tuple[str, ...]:
        """Paths of the problems; all of them lie in the directory."""
        return tuple(problem.partition(": ")[0] for problem in self.problems)


def root(files: Iterable[File]) -> str:
    """One hash of a list of files."""
    lines = (f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def seal(directory: Path, site: str, taken: str, key: Ed25519PrivateKey) -> Manifest:
    """List and sign everything that lies in a directory. Raises UserError for what is no plain file or name."""
    listed = []
    for path, regular in tree.entries(directory):
        if path in SEAL.own:
            continue
        if not regular:
            raise UserError(f"{directory / path}: is no regular file; an audit keeps plain files only")
        with (directory / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            listed.append({"path": path, "sha256": digest, "size": file.tell()})
    try:
        files = tuple(File.model_validate(each) for each in sorted(listed, key=lambda each: str(each["path"])))
    except ValidationError as error:
        raise UserError(f"{directory}: a file name cannot be listed: {error.errors()[0]['input']!r}") from None
    content = {"schema": SCHEMA, "site": site, "taken": taken, "root": root(files), "files": files}
    manifest = Manifest.model_validate(content)
    SEAL.sign(directory, encode(manifest, "files"), key)
    return manifest


def sealed(directory: Path) -> bool:
    """Whether a directory has a manifest."""
    return (directory / SEAL.manifest).exists()


def verify(directory: Path, trust: Collection[str]) -> Verification:
    """Compare an audit's files with its manifest, and that with its signature. `trust`: fingerprints that count.

    Raises UserError for a directory without a manifest, and for a signed one that this version cannot read.
    """
    path = directory / SEAL.manifest
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; an audit writes it last, with  ./yiyun audit --out"
        ) from None
    _, fingerprint = SEAL.check(directory, data, ())
    problems, _ = SEAL.check(directory, data, {fingerprint})
    stranger = None
    if fingerprint and fingerprint not in trust:
        stranger = (
            f"signed by {fingerprint}, which is not trusted here: ask the maker for the fingerprint another way, and "
            f"name it in {SEAL.variable} or in {SEAL.directory() / 'trusted'}"
        )
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "top level"
        message = f"{SEAL.manifest}: is no manifest of an audit: {where}: {first['msg']}"
        if not problems:
            raise UserError(f"{directory}/{message}") from None
        return Verification((*problems, message), False, stranger, fingerprint, None)
    if manifest.root != root(manifest.files):
        problems.append(f"{SEAL.manifest}: its root is not the hash of its list")
    differences = tree.differences(directory, manifest.files, SEAL.own)
    return Verification((*problems, *differences), not problems, stranger, fingerprint, manifest)


def manifest_schema() -> dict[str, Any]:
    """JSON Schema of manifest.json, as published in docs/schemas/audit.json."""
    return published_schema(Manifest, "audit", "manifest.json of an audit")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n")
