"""Ed25519 keys and their fingerprints."""

import hashlib
import re
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from yiyun.errors import UserError

FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
SIZE_LIMIT = 64 * 1024
"""Bytes of a file that is said to hold a key."""


def fingerprint(key: Ed25519PublicKey) -> str:
    """`sha256:` and 64 hex digits, of the DER form (`openssl pkey -pubin -in KEY -outform DER | sha256sum`)."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


def public_text(key: Ed25519PrivateKey) -> bytes:
    """The public half of a key, PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def parse_public(data: bytes, origin: str) -> Ed25519PublicKey:
    """Read a public key. Raises UserError for anything that is not an Ed25519 public key in PEM."""
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(f"{origin}: holds no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{origin}: holds a {type(key).__name__.lstrip('_')}, not an Ed25519 public key")
    return key


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key. Raises UserError for a file that others may read, or that holds no plain Ed25519 key."""
    data = read(path)
    if path.stat().st_mode & 0o077:
        raise UserError(f"{path}: others may read this private key: chmod 600 {path}, and make a new one if they did")
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise UserError(f"{path}: is protected by a password; give a key without one, on a disk of your own") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(
            f"{path}: holds no private key in PEM; make one: openssl genpkey -algorithm ed25519 -out {path}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{path}: is not an Ed25519 key; make one: openssl genpkey -algorithm ed25519 -out {path}")
    return key


def read(path: Path) -> bytes:
    """A small file that is said to hold a key or a signature. Raises UserError when it cannot be read or is large."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > SIZE_LIMIT:
        raise UserError(f"{path}: larger than {SIZE_LIMIT // 1024} KiB: this is no key")
    return data


def checked_fingerprint(text: str, origin: str) -> str:
    """The text. Raises UserError, naming `origin`, when it is no fingerprint."""
    if not FINGERPRINT.fullmatch(text):
        raise UserError(f"{origin}: {text[:100]!r} is no fingerprint; write sha256: and 64 hex digits in lower case")
    return text
