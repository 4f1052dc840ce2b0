"""Small bundles for tests, made by the code that makes real ones, of parts that need no network."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from shipped import site

from yiyun.bundle.making import create
from yiyun.bundle.making.pieces import Made, Piece, Wish
from yiyun.signing import keys

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FINGERPRINT = keys.fingerprint(KEY.public_key())
CONTENT = {
    "bin/amd64/kubectl": b"#!/bin/sh\necho v1.34.1\n",
    "crds/kube-ovn.jsonl.gz": b"definitions",
    "kubernetes/v1.34.1/amd64/SHA256SUMS": b"sums",
    "packages/debian-12/Packages": b"Package: chrony\n",
    "packages/debian-12/chrony_4.3-2_amd64.deb": b"chrony",
    "python/debian-12/amd64/python3_3.11.2-1_amd64.deb": b"python",
    "wheels/typer-0.20.0-py3-none-any.whl": b"wheel",
}
KINDS = {
    "bin": "binary",
    "crds": "crd",
    "kubernetes": "index",
    "packages": "package",
    "python": "python",
    "wheels": "wheel",
}


def piece(path: str, content: bytes | Path) -> Piece:
    kind = "index" if path.endswith("Packages") else KINDS[path.partition("/")[0]]
    return Piece(path, content, kind, Path(path).name)


def made(
    directory: Path,
    content: Mapping[str, bytes | Path] = CONTENT,
    key: Ed25519PrivateKey = KEY,
    lacks: Made | None = None,
    by_design: Callable = lambda _wish, _pieces: [],
    extra: Sequence[Piece] = (),
):
    """Make or complete a bundle for the site `lab` of exactly these files."""

    def part(_wish, _report):
        result = Made([*(piece(path, data) for path, data in content.items()), *extra])
        result.add(lacks or Made())
        return result

    parts = {"files": part, "packages of other systems": create.PARTS["packages of other systems"]}
    wish = Wish(site("lab"), ("amd64",), directory)
    missing = mock.patch.object(create.by_design, "missing", by_design)
    with mock.patch.object(create, "PARTS", parts), missing:
        return create.create(wish, key, lambda _text: None)


def use(monkeypatch, directory: Path, trusted: str = FINGERPRINT) -> Path:
    """Let every reader take from a bundle."""
    monkeypatch.setenv("YIYUN_BUNDLE", str(directory))
    monkeypatch.setenv("YIYUN_BUNDLE_KEY", trusted)
    return directory
