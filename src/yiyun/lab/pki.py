"""Certificates of one lab: two authorities (Kubernetes, etcd) that never leave the state directory.

Keys are ECDSA P-256. Authorities live 10 years, leaves one; a leaf is made anew when it nears its end, when its
authority changed or when it no longer says what is wanted.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yiyun import files

CA_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
"""A leaf with fewer days left is made anew by the next `lab up`."""


@dataclass(frozen=True)
class Leaf:
    """What a certificate must say."""

    name: str
    """File name without suffix."""
    common_name: str
    organizations: tuple[str, ...] = ()
    server: bool = False
    client: bool = False
    names: tuple[str, ...] = ()
    """Subject alternative names: addresses or DNS names."""


@dataclass(frozen=True)
class Pair:
    """A certificate file and its key file."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority kept in two files, `<name>.crt` and `<name>.key`."""

    def __init__(self, directory: Path, name: str, common_name: str) -> None:
        """Load the authority, or make it when it is missing or about to end."""
        self.directory = directory
        self.pair = Pair(directory / f"{name}.crt", directory / f"{name}.key")
        if not self._load():
            self._make(common_name)

    def _load(self) -> bool:
        if not (self.pair.certificate.exists() and self.pair.key.exists()):
            return False
        try:
            self.certificate = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
            self.key = _private_key(self.pair.key)
        except ValueError:
            return False
        return (
            _public(self.certificate.public_key()) == _public(self.key.public_key())
            and _days_left(self.certificate) > LEAF_DAYS + RENEW_DAYS
        )

    def _make(self, common_name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name, ("yiyun lab",))
        builder = (
            _builder(name, name, self.key.public_key(), CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        self.certificate = builder.sign(self.key, hashes.SHA256())
        _write_pair(self.pair, self.certificate, self.key)

    def ensure(self, leaf: Leaf) -> Pair:
        """Return the files of a certificate that says what `leaf` wants, issuing it where needed."""
        pair = Pair(self.directory / f"{leaf.name}.crt", self.directory / f"{leaf.name}.key")
        if not self._fits(pair, leaf):
            self._issue(pair, leaf)
        return pair

    def _issue(self, pair: Pair, leaf: Leaf) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        uses = [ExtendedKeyUsageOID.SERVER_AUTH] * leaf.server + [ExtendedKeyUsageOID.CLIENT_AUTH] * leaf.client
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            _builder(_name(leaf.common_name, leaf.organizations), self.certificate.subject, key.public_key(), LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(authority_key, critical=False)
        )
        if leaf.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(leaf.names)), critical=False)
        _write_pair(pair, builder.sign(self.key, hashes.SHA256()), key)

    def _fits(self, pair: Pair, leaf: Leaf) -> bool:
        if not (pair.certificate.exists() and pair.key.exists()):
            return False
        try:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            certificate.verify_directly_issued_by(self.certificate)
            key = _private_key(pair.key)
        except (ValueError, TypeError, InvalidSignature):
            return False
        uses = _uses_of(certificate)
        return (
            certificate.subject == _name(leaf.common_name, leaf.organizations)
            and _names_of(certificate) == set(_alternatives(leaf.names))
            and (ExtendedKeyUsageOID.SERVER_AUTH in uses) == leaf.server
            and (ExtendedKeyUsageOID.CLIENT_AUTH in uses) == leaf.client
            and _public(certificate.public_key()) == _public(key.public_key())
            and _days_left(certificate) > RENEW_DAYS
        )


def ensure_signing_key(directory: Path) -> Pair:
    """Key pair that signs service-account tokens; the public part is PEM, not a certificate."""
    pair = Pair(directory / "service-accounts.pub", directory / "service-accounts.key")
    if not (pair.certificate.exists() and pair.key.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        files.write(pair.key, _key_pem(key))
        files.write(pair.certificate, _public(key.public_key()))
    return pair


def _name(common_name: str, organizations: Iterable[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))  # clocks of one machine may be stepped back
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _names_of(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return set()


def _uses_of(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def _days_left(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)) / dt.timedelta(days=1)


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path}: not an elliptic curve key")  # noqa: TRY004  # callers treat it as an unusable file
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _write_pair(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    files.write(pair.key, _key_pem(key))
    files.write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
