"""Programs and images of a cluster's hosts: what the host lab makes of them, and images that people add."""

import hashlib
import json
import tarfile
from pathlib import Path

from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Made, Piece, Report, Wish
from yiyun.bundle.manifest import Arch
from yiyun.errors import UserError
from yiyun.lab.hosts import kubernetes

INDEX_LIMIT = 2**20
"""Bytes of an index.json in an OCI archive."""
IMAGE_NAME = "io.containerd.image.name"


def make(wish: Wish, report: Report) -> Made:
    """Programs, images, their lists. An archive that a person added and that names no image is lacking, by its path."""
    made = Made()
    for arch in wish.arches:
        added = _added(wish, arch, made)
        try:
            directory = kubernetes.ensure(wish.site, arch, report)
        except UserError as error:
            made.lack("binary", f"Kubernetes {kubernetes.VERSION}: programs and images", str(error), arch=arch)
            continue
        made.pieces += _pieces(directory, arch, added)
    return made


def _pieces(directory: Path, arch: Arch, added: list[Piece]) -> list[Piece]:
    version = kubernetes.VERSION
    place = layout.kubernetes(version, arch)
    listed = json.loads((directory / "images.json").read_text(encoding="utf-8"))
    pieces = [Piece(f"{place}/{name}", directory / name, "binary", name, version, arch) for name in kubernetes.PROGRAMS]
    for name, entry in sorted(listed.items()):
        tag = name.rpartition(":")[2]
        pieces.append(Piece(f"{place}/{entry['file']}", directory / entry["file"], "image", name, tag, arch))
    for piece in added:
        assert isinstance(piece.source, Path)  # noqa: S101  # what is added is a file
        up = "../" * 2
        content, digest = _sha256(piece.source), _described(piece.source)[1]
        listed[piece.name] = {
            "file": piece.path.replace(f"{layout.KUBERNETES}/", up, 1),
            "sha256": content,
            "digest": digest,
        }
    images = (json.dumps(listed, indent=1, sort_keys=True) + "\n").encode()
    sums = "".join(f"{_sha256(directory / name)}  {name}\n" for name in kubernetes.PROGRAMS)
    sums += f"{hashlib.sha256(images).hexdigest()}  images.json\n"
    pieces += [
        Piece(f"{place}/images.json", images, "index", "images.json", version, arch),
        Piece(f"{place}/SHA256SUMS", sums.encode(), "index", "SHA256SUMS", version, arch),
    ]
    return [*pieces, *added]


def _added(wish: Wish, arch: Arch, made: Made) -> list[Piece]:
    """Archives that people put in."""
    found = []
    for path in sorted((wish.directory / layout.added_images(arch)).glob("*.tar")):
        place = f"{layout.added_images(arch)}/{path.name}"
        try:
            name = _described(path)[0]
        except UserError as error:
            made.lack("image", place, str(error), arch=arch)
            continue
        found.append(Piece(place, path, "image", name, name.rpartition(":")[2], arch, added=True))
    return found


def _described(archive: Path) -> tuple[str, str]:
    """Full name and digest of the one image of an OCI archive. Raises UserError for anything else."""
    remedy = "write it with  skopeo copy docker://NAME oci-archive:FILE.tar:NAME  or  ctr images export FILE.tar NAME"
    try:
        with tarfile.open(archive) as tar:
            member = tar.extractfile("index.json")
            content = json.loads(member.read(INDEX_LIMIT) if member else b"")
        (entry,) = content["manifests"]
        annotations = entry.get("annotations", {})
        name = annotations.get(IMAGE_NAME) or annotations.get("org.opencontainers.image.ref.name", "")
        digest = str(entry["digest"])
    except (OSError, tarfile.TarError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise UserError(f"is no OCI archive of one image ({type(error).__name__}); {remedy}") from None
    if "/" not in name or ":" not in name.rpartition("/")[2]:
        raise UserError(f"does not say its image's full name with registry and tag; {remedy}")
    return name, digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
