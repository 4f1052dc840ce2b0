"""Who made a bundle: Ed25519 keys, their fingerprints, and which of them this machine trusts.

A key is trusted by its fingerprint alone: the bundle carries its public key, and whoever can replace the bundle can
replace that too. Trusted are, in this order: the key that the caller names, `YIYUN_BUNDLE_KEY`, or else this machine's
own key and the fingerprints of `trusted`, one a line, in `$XDG_STATE_HOME/yiyun/bundle/`.
"""

import hashlib
import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from yiyun.errors import UserError
from yiyun.paths import state_home

VARIABLE = "YIYUN_BUNDLE_KEY"
FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")
SIZE_LIMIT = 64 * 1024
"""Bytes of a file that is said to hold a key."""


def own_directory() -> Path:
    """Where this machine keeps its own key (`key.pem`, `key.pub`) and whom it trusts (`trusted`)."""
    return state_home() / "bundle"


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
        raise UserError(f"{origin}: holds no public key in PEM; `bundle create` writes one as bundle.pub") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{origin}: holds a {type(key).__name__.lstrip('_')}, not an Ed25519 public key")
    return key


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key. Raises UserError for a file that others may read, or that holds no plain Ed25519 key."""
    data = _read(path)
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


def ensure_own() -> Ed25519PrivateKey:
    """The machine's own key, made on first use: `key.pem` for its owner alone (mode 600)."""
    directory = own_directory()
    path = directory / "key.pem"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        scratch = directory / f".key.{os.getpid()}"
        scratch.unlink(missing_ok=True)
        text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another create was faster: its key counts
            path.hardlink_to(scratch)
        scratch.unlink()
    key = read_private(path)
    public = directory / "key.pub"
    if not public.exists() or public.read_bytes() != public_text(key):
        public.write_bytes(public_text(key))
    return key


def trusted(named: str | None = None) -> frozenset[str]:
    """Fingerprints of the keys that count. `named`: a public key's file, or a fingerprint.

    Raises UserError for a `named` that is neither, and where no key at all is trusted.
    """
    named = named or os.environ.get(VARIABLE)
    if named:
        if named.startswith("sha256:"):
            return frozenset({_fingerprint(named, "the key's fingerprint")})
        return frozenset({fingerprint(parse_public(_read(Path(named)), named))})
    directory = own_directory()
    found = set()
    if (directory / "key.pub").exists():
        found.add(fingerprint(parse_public(_read(directory / "key.pub"), str(directory / "key.pub"))))
    listed = directory / "trusted"
    if listed.exists():
        for number, line in enumerate(_read(listed).decode("utf-8", "replace").splitlines(), start=1):
            word = line.partition("#")[0].strip()
            if word:
                found.add(_fingerprint(word, f"{listed}:{number}"))
    if not found:
        raise UserError(
            "no key is trusted on this machine: give the public key's file or fingerprint that came with the bundle "
            f"another way (--key, or {VARIABLE}), or write the fingerprint into {listed}"
        )
    return frozenset(found)


def problem_of(public: bytes, signature: bytes, data: bytes, trust: Collection[str]) -> str | None:
    """Why `signature` over `data` by the key of the text `public` does not count; None where it does."""
    try:
        key = parse_public(public, "bundle.pub")
    except UserError as error:
        return str(error)
    if fingerprint(key) not in trust:
        return (
            f"bundle.pub: key {fingerprint(key)} is not trusted; trusted is {', '.join(sorted(trust))}. "
            "Ask the maker of the bundle for the fingerprint, and not the bundle"
        )
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return "bundle.json.sig: is not the signature of bundle.json by bundle.pub: one of the three was changed"
    return None


def _fingerprint(text: str, origin: str) -> str:
    if not FINGERPRINT.fullmatch(text):
        raise UserError(f"{origin}: {text[:100]!r} is no fingerprint; write sha256: and 64 hex digits in lower case")
    return text


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > SIZE_LIMIT:
        raise UserError(f"{path}: larger than {SIZE_LIMIT // 1024} KiB: this is no key")
    return data
