"""`bundle.json`, the manifest of a bundle: schema `yiyun.bundle/1`, published in docs/schemas/bundle.json."""

import json
import unicodedata
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from yiyun.bundle import layout
from yiyun.errors import UserError
from yiyun.signing.manifest import Closed, Sha256, encode

SCHEMA = "yiyun.bundle/1"
LIMIT = 64 * 2**20
"""Bytes; a manifest of 100,000 files has half of that."""
PROBLEMS_SHOWN = 10
_REMEDY = "\n(bundles are made by  ./yiyun bundle create  and not edited by hand: take a fresh copy, or make it anew)"

Arch = Literal["amd64", "arm64"]
Kind = Literal["image", "package", "wheel", "binary", "crd", "python", "index"]


def _one_line(text: str) -> str:
    """Text that can be printed: no control characters, no surrogates."""
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise ValueError("holds a control character; write plain text")
    return text


def _inside(path: str) -> str:
    """A path that cannot lead out of the bundle, written in the one way that it can be written."""
    if "\\" in path or path.startswith("/") or str(PurePosixPath(path)) != path or ".." in path.split("/"):
        raise ValueError("is no plain relative path; write it relative to the bundle, with slashes, without . and ..")
    if path in layout.SEAL.own:
        raise ValueError("is a file of the bundle itself; the manifest lists all others")
    if path.partition("/")[0] not in layout.TOP or "/" not in path:
        raise ValueError(f"lies outside of the bundle's directories; they are {', '.join(layout.TOP)}")
    return path


Text = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_one_line)]
RelativePath = Annotated[Text, AfterValidator(_inside)]


class File(Closed):
    """One file of a bundle."""

    path: RelativePath
    """Relative to the bundle, with slashes."""
    sha256: Sha256
    """Of the whole file, lower-case hex."""
    size: Annotated[int, Field(ge=0, strict=True)]
    """Bytes."""
    kind: Kind
    """`image`: OCI archive. `package`: .deb or .rpm for a host's package manager. `wheel`: Python package of the control
    machine. `binary`: a program. `crd`: custom resource definitions, gzip, one JSON document a line. `python`: package
    that brings Python or sudo to a bare host. `index`: a list of such files that their readers ask for."""
    name: Text
    """Of what the file is: an image's full name, a package's name, a program's name."""
    version: Text | None = None
    """Version of what the file is; null where it has none of its own."""
    arch: Arch | None = None
    """Architecture that it is for; null: any."""
    os_profile: Text | None = None
    """Operating system of the hosts that it is for (`yiyun_os_profile` of hosts.yaml); null: any."""
    added: Annotated[bool, Field(strict=True)] = False
    """Whether a person put it there and `bundle create` only listed it."""


class Missing(Closed):
    """Something that the site wants and that the bundle does not have."""

    kind: Kind
    name: Text
    arch: Arch | None = None
    os_profile: Text | None = None
    by_design: Annotated[bool, Field(strict=True)]
    """True: `bundle create` never brings it, a person has to. False: it tried and failed."""
    why: Text
    place: Text | None = None
    """Directory of the bundle into which a person may put it; `bundle create`, run again, lists it."""


class Manifest(Closed):
    """Content of bundle.json."""

    schema_id: Annotated[Literal["yiyun.bundle/1"], Field(alias="schema")]
    site: Text
    """Name of the site that it was made for."""
    created: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """When its content last changed, UTC."""
    arches: tuple[Arch, ...]
    files: tuple[File, ...]
    """Every file of the bundle but bundle.json, bundle.json.sig and bundle.pub, by path."""
    missing: tuple[Missing, ...] = ()

    @model_validator(mode="after")
    def _paths_are_unique(self) -> Self:
        seen: set[str] = set()
        for file in self.files:
            if file.path in seen:
                raise ValueError(f"files: {file.path} is listed twice")
            seen.add(file.path)
        for file in self.files:
            for parent in PurePosixPath(file.path).parents:
                if str(parent) in seen:
                    raise ValueError(f"files: {parent} is listed as a file and as a directory of {file.path}")
        return self

    def by_path(self) -> dict[str, File]:
        """The files by their path."""
        return {file.path: file for file in self.files}


def parse(data: bytes, origin: str) -> Manifest:
    """Read a manifest. Raises UserError with `origin`, the line, the field and what to write, whatever the bytes are."""
    if len(data) > LIMIT:
        raise UserError(f"{origin}: larger than {LIMIT // 2**20} MiB: this is no manifest of a bundle")
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{origin}:{line}: byte 0x{data[error.start]:02x} is not UTF-8{_REMEDY}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{origin}:{error.lineno}: not JSON: {error.msg}{_REMEDY}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{origin}: not JSON: {str(error)[:200]}{_REMEDY}") from None
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        lines = [f"{origin}{_place(data, content, each)}: {each['msg']}" for each in error.errors()[:PROBLEMS_SHOWN]]
        raise UserError("\n".join(lines) + _REMEDY) from None


def dump(manifest: Manifest) -> bytes:
    """The text of a manifest."""
    return encode(manifest, "files", "missing")


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says one thing twice: two readers could believe different ones."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has a key twice")
    return made


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _place(data: bytes, content: Any, problem: Any) -> str:
    """`:line: field` of a problem; of a file of the list its path too, as far as the manifest is written as usual."""
    location = problem["loc"]
    field = ".".join(str(part) for part in location) or "top level"
    if len(location) >= 2 and location[0] in {"files", "missing"} and isinstance(location[1], int):
        entry = content[location[0]][location[1]]
        name = entry.get("path" if location[0] == "files" else "name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            line = data.find(json.dumps(name, ensure_ascii=False).encode("utf-8", "replace"))
            return f":{data[:line].count(10) + 1 if line >= 0 else 1}: {field} ({name[:200]!r})"
    line = data.find(json.dumps(str(location[0])).encode()) if location else 0
    return f":{data[: max(line, 0)].count(10) + 1}: {field}"
