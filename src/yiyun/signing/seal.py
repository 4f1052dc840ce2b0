"""Who signed a directory: its manifest, the signature beside it, and whose signatures count on this machine.

A key is trusted by its fingerprint alone: the directory carries its public key, and whoever can replace the directory
can replace that too. Trusted are, in this order: the key that the caller names, the one of the environment variable, or
else this machine's own key and the fingerprints of `trusted`, one a line, in `$XDG_STATE_HOME/yiyun/<kind>/`.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from yiyun.errors import UserError
from yiyun.paths import state_home
from yiyun.signing import keys

PARTIAL = ".partial-"
"""Beginning of the names of files that are still being written."""


@dataclass(frozen=True)
class Seal:
    """How one kind of directory is signed."""

    kind: str
    """In words, such as `bundle`."""
    variable: str
    """Environment variable that names a trusted key."""
    manifest: str
    """File name of the manifest, whose bytes are signed."""
    public: str
    """File name of the signer's public key, PEM."""

    @property
    def signature(self) -> str:
        """File name of the signature: 64 bytes, as `openssl pkeyutl -rawin` reads them."""
        return f"{self.manifest}.sig"

    @property
    def own(self) -> tuple[str, str, str]:
        """The files of the seal itself; the manifest lists all others."""
        return (self.manifest, self.signature, self.public)

    def directory(self) -> Path:
        """Where this machine keeps its own key (`key.pem`, `key.pub`) and whom it trusts (`trusted`)."""
        return state_home() / self.kind

    def ensure_own(self) -> Ed25519PrivateKey:
        """The machine's own key, made on first use: `key.pem` for its owner alone (mode 600)."""
        directory = self.directory()
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
        key = keys.read_private(path)
        public = directory / "key.pub"
        if not public.exists() or public.read_bytes() != keys.public_text(key):
            public.write_bytes(keys.public_text(key))
        return key

    def trusted(self, named: str | None = None) -> frozenset[str]:
        """As `known`. Raises UserError also where no key at all is trusted."""
        found = self.known(named)
        if not found:
            raise UserError(
                "no key is trusted on this machine: name the public key's file or fingerprint, which must come another way "
                f"than the {self.kind}, in {self.variable}, or write the fingerprint into {self.directory() / 'trusted'}"
            )
        return found

    def known(self, named: str | None = None) -> frozenset[str]:
        """Fingerprints of the keys that count here. `named`: a public key's file, or a fingerprint.

        Raises UserError for a `named` that is neither.
        """
        named = named or os.environ.get(self.variable)
        if named:
            if named.startswith("sha256:"):
                return frozenset({keys.checked_fingerprint(named, "the key's fingerprint")})
            return frozenset({keys.fingerprint(keys.parse_public(keys.read(Path(named)), named))})
        directory = self.directory()
        found = set()
        if (directory / "key.pub").exists():
            found.add(keys.fingerprint(keys.parse_public(keys.read(directory / "key.pub"), str(directory / "key.pub"))))
        listed = directory / "trusted"
        if listed.exists():
            for number, line in enumerate(keys.read(listed).decode("utf-8", "replace").splitlines(), start=1):
                word = line.partition("#")[0].strip()
                if word:
                    found.add(keys.checked_fingerprint(word, f"{listed}:{number}"))
        return frozenset(found)

    def problem_of(self, public: bytes, signature: bytes, data: bytes, trust: Collection[str]) -> str | None:
        """Why `signature` over `data` by the key of the text `public` does not count; None where it does."""
        try:
            key = keys.parse_public(public, self.public)
        except UserError as error:
            return str(error)
        if keys.fingerprint(key) not in trust:
            return (
                f"{self.public}: key {keys.fingerprint(key)} is not trusted; trusted is {', '.join(sorted(trust))}. "
                f"Ask the maker of the {self.kind} for the fingerprint, and not the {self.kind}"
            )
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return f"{self.signature}: is not the signature of {self.manifest} by {self.public}: one of the three was changed"
        return None

    def check(self, directory: Path, data: bytes, trust: Collection[str]) -> tuple[list[str], str]:
        """Problems of the signature over `data`, the manifest's bytes, and the fingerprint of the key beside it."""
        absent = [f"{name}: missing" for name in (self.public, self.signature) if not (directory / name).is_file()]
        if self.public + ": missing" in absent:
            return absent, ""
        try:
            public = keys.read(directory / self.public)
            fingerprint = keys.fingerprint(keys.parse_public(public, self.public))
            if absent:
                return absent, fingerprint
            problem = self.problem_of(public, keys.read(directory / self.signature), data, trust)
        except UserError as error:
            return [*absent, str(error).removeprefix(f"{directory}/")], ""
        return [problem] if problem else [], fingerprint

    def sign(self, directory: Path, data: bytes, key: Ed25519PrivateKey) -> None:
        """Write manifest, key and signature.

        The signature comes last: until then an old one does not fit, and nothing of the directory counts.
        """
        for name, content in (
            (self.manifest, data),
            (self.public, keys.public_text(key)),
            (self.signature, key.sign(data)),
        ):
            scratch = directory / f"{PARTIAL}{name}"
            with scratch.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            scratch.chmod(0o644)
            scratch.replace(directory / name)
