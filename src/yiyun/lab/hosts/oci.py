"""Writes container images as OCI archives (image-spec 1.1, a tar of an image layout), from files and nothing else.

The same content gives the same bytes: no times, no user names, entries in order.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """One image of one layer for one architecture."""

    name: str
    """Full name with registry and tag."""
    arch: str
    files: Mapping[str, Path] = field(default_factory=dict)
    """Programs by their absolute path in the image; they keep their mode and belong to root."""
    tree: Path | None = None
    """A directory that becomes the image's root, beneath `files`."""
    directories: Sequence[str] = ()
    """Empty directories; /tmp is open to all."""
    entrypoint: Sequence[str] = ()
    user: str = ""
    arguments: Sequence[str] = ()
    """Of the entrypoint, where a pod gives none."""


def write(image: Image, place: Path) -> str:
    """Write the archive of `image` to `place`; return the digest of its manifest, as `sha256:...`."""
    layer = place.with_name(f".{place.name}.layer")
    try:
        with layer.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
            _fill(tar, image)
        layer_digest, layer_size = _digest_of(layer), layer.stat().st_size
        config = _json(
            {
                "architecture": image.arch,
                "os": "linux",
                "config": {
                    "Entrypoint": list(image.entrypoint),
                    "Cmd": list(image.arguments),
                    "Env": [PATH],
                    "User": image.user,
                },
                "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
            }
        )
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _descriptor(CONFIG, config),
                "layers": [{"mediaType": LAYER, "digest": layer_digest, "size": layer_size}],
            }
        )
        described = _descriptor(MANIFEST, manifest) | {
            "platform": {"architecture": image.arch, "os": "linux"},
            "annotations": {
                "io.containerd.image.name": image.name,
                "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
            },
        }
        index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]})
        scratch = place.with_name(f".{place.name}.new")
        with tarfile.open(scratch, mode="w", format=tarfile.GNU_FORMAT) as tar:
            _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
            _add(tar, "index.json", index)
            for content in (manifest, config):
                _add(tar, _blob(_sha256(content)), content)
            entry = _entry(_blob(layer_digest), 0o644)
            entry.size = layer_size
            with layer.open("rb") as content_of_layer:
                tar.addfile(entry, content_of_layer)
        scratch.replace(place)
    finally:
        layer.unlink(missing_ok=True)
    return _sha256(manifest)


def _fill(tar: tarfile.TarFile, image: Image) -> None:
    made: set[str] = set()

    def directory(path: PurePosixPath) -> None:
        name = str(path).strip("/.")
        if not name or name in made:
            return
        directory(path.parent)
        made.add(name)
        entry = _entry(name, 0o1777 if name == "tmp" else 0o755)
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)

    if image.tree is not None:
        for folder, names, files in os.walk(image.tree):
            names.sort()
            inside = PurePosixPath("/") / Path(folder).relative_to(image.tree).as_posix()
            directory(inside)
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            for name in sorted([*files, *links]):
                if str(inside / name) not in image.files:
                    _put(tar, Path(folder) / name, str(inside / name))
    for place in image.directories:
        directory(PurePosixPath(place))
    for place, source in sorted(image.files.items()):
        directory(PurePosixPath(place).parent)
        _put(tar, source, place)


def _put(tar: tarfile.TarFile, source: Path, place: str) -> None:
    entry = _entry(place.lstrip("/"), source.lstat().st_mode & 0o7777)
    if source.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, str(source.readlink())
        tar.addfile(entry)
    elif source.is_file():
        entry.size = source.stat().st_size
        with source.open("rb") as file:
            tar.addfile(entry, file)


def _entry(name: str, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    return entry


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _entry(name, 0o644)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _sha256(content), "size": len(content)}


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"
