"""Secrets of a site: made once, encrypted at rest in the site's state, written to the cluster, never to Pulumi.

The store is one file, encrypted with a key that lies beside it on a lab and comes from YIYUN_SECRETS_KEY_FILE on
other sites. Values go from the store to the API server over TLS and nowhere else (clause 8.1.4.8-a).
"""

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yiyun.components.kubernetes import FIELD_MANAGER
from yiyun.components.secret_refs import SecretRef, needed_ca_bundles, needed_secrets
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiError, ApiServer
from yiyun.site import Site
from yiyun.site import labels as names

Report = Callable[[str], None]
CA_YEARS = 10
Values = dict[str, str]
"""What one credential is made of: access-key, secret-key, password, ca-certificate, ca-private-key, cloud-init."""


def ensure(site: Site, api: ApiServer, report: Report) -> int:
    """Make what is missing in the store, write what the cluster lacks, and return how many objects were written.

    Secrets of namespaces that are not there yet are left for the next call.
    """
    refs = needed_secrets(site)
    store = _load(site)
    if _complete(store, refs):
        _save(site, store)
    written = sum(_write(api, site, ref, store, replace=False) for ref in refs)
    written += _write_bundles(api, site, store, replace=False)
    if written:
        report(f"secrets: {written} Secrets and CA bundles written to the cluster")
    return written


def rotate(site: Site, api: ApiServer, only: str | None, report: Report) -> list[str]:
    """Make new values of the credential called `only`, or of all but the CA, and write them to the cluster.

    Returns the credentials that changed. Raises UserError for a name that is none.
    """
    refs = needed_secrets(site)
    store = _load(site)
    known = sorted({_credential(ref) for ref in refs})
    if only is not None and only not in known:
        raise UserError(f"no credential is called {only}; there are {', '.join(known)}")
    chosen = [only] if only else [name for name in known if "ca-private-key" not in store.get(name, {})]
    for name in chosen:
        store.pop(name, None)
    _complete(store, refs)
    _save(site, store)
    written = sum(_write(api, site, ref, store, replace=True) for ref in refs if _credential(ref) in chosen)
    written += _write_bundles(api, site, store, replace=True)
    report(f"secrets: {len(chosen)} credentials renewed, {written} objects written")
    return chosen


def _credential(ref: SecretRef) -> str:
    return ref.credential or f"{ref.namespace}/{ref.name}"


def _complete(store: dict[str, Values], refs: list[SecretRef]) -> bool:
    """Make what the store lacks; return whether anything was made."""
    made = False
    for ref in refs:
        values = store.setdefault(_credential(ref), {})
        for holds in ref.holds:
            for name in _parts(holds):
                if name not in values:
                    values |= _new(name)
                    made = True
    return made


def _parts(holds: str) -> tuple[str, ...]:
    if holds.startswith("="):
        return ()
    return ("access-key", "secret-key") if holds == "s3-credentials-file" else (holds,)


def _new(name: str) -> Values:
    if name in {"ca-certificate", "ca-private-key"}:
        return _new_authority()
    if name == "access-key":
        return {name: secrets.token_hex(10).upper()}
    if name == "cloud-init":
        return {name: f"#cloud-config\nssh_pwauth: false\nchpasswd: {{expire: true}}\npassword: {_password()}\n"}
    return {name: _password()}


def _password() -> str:
    """A random password with all four character classes (clause 8.1.4.1-a wants complexity)."""
    return f"{secrets.token_urlsafe(24)}aA1-"


def _new_authority() -> Values:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yiyun site CA")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return {
        "ca-certificate": certificate.public_bytes(pem).decode(),
        "ca-private-key": key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode(),
    }


def _value(holds: str, values: Mapping[str, str]) -> str:
    if holds.startswith("="):
        return holds[1:]
    if holds == "s3-credentials-file":
        access, secret = values["access-key"], values["secret-key"]
        return f"[default]\naws_access_key_id={access}\naws_secret_access_key={secret}\n"
    return values[holds]


def _write(api: ApiServer, site: Site, ref: SecretRef, store: Mapping[str, Values], *, replace: bool) -> bool:
    """Write one Secret; return whether it was written. An existing one is kept unless `replace`."""
    values = store[_credential(ref)]
    data = {
        key: base64.b64encode(_value(holds, values).encode()).decode()
        for key, holds in zip(ref.keys, ref.holds, strict=True)
    }
    content = {"kind": "Secret", "type": ref.type, "data": data}
    return _put(api, site, "secrets", ref.namespace, ref.name, content, replace=replace)


def _write_bundles(api: ApiServer, site: Site, store: Mapping[str, Values], *, replace: bool) -> int:
    """Write the ConfigMaps with the CA's certificate; return how many were written."""
    certificate = next((v["ca-certificate"] for v in store.values() if "ca-certificate" in v), None)
    if certificate is None:
        return 0
    return sum(
        _put(
            api, site, "configmaps", namespace, name, {"kind": "ConfigMap", "data": {key: certificate}}, replace=replace
        )
        for namespace, name, key in needed_ca_bundles(site)
    )


def _put(
    api: ApiServer, site: Site, plural: str, namespace: str, name: str, content: Mapping[str, Any], *, replace: bool
) -> bool:
    """Write one object unless it is there; with `replace` in any case. False when it was not written."""
    labels = {names.MANAGED_BY: "yiyun", names.SITE: site.name}
    body = {"apiVersion": "v1", "metadata": {"name": name, "namespace": namespace, "labels": labels}, **content}
    collection = f"/api/v1/namespaces/{namespace}/{plural}"
    query = {"fieldManager": FIELD_MANAGER}
    try:
        if replace:
            query["force"] = "true"
            api.request("PATCH", f"{collection}/{name}", body, query, "application/apply-patch+yaml")
        else:
            api.request("POST", collection, body, query)
    except ApiError as error:
        if error.status in {404, 409}:  # no such namespace yet; there already
            return False
        raise UserError(f"{content['kind']} {namespace}/{name} was refused: {error.message}") from error
    return True


def _file(site: Site) -> Path:
    return site.state_dir / "secrets.enc" if site.spec.lab else site.path / "secrets.enc"


def _key(site: Site) -> bytes:
    named = os.environ.get("YIYUN_SECRETS_KEY_FILE")
    path = Path(named) if named else site.state_dir / "secrets.key"
    if not path.exists():
        if not site.spec.lab:
            raise UserError("set YIYUN_SECRETS_KEY_FILE to the file with this site's key (a Fernet key, mode 0600)")
        if _file(site).exists():
            raise UserError(f"{path} is gone, and {_file(site)} cannot be read without it: put it back")
        _private(path, Fernet.generate_key())
    return path.read_bytes().strip()


def _load(site: Site) -> dict[str, Values]:
    path = _file(site)
    key = _key(site)
    if not path.exists():
        return {}
    try:
        content: dict[str, Values] = json.loads(Fernet(key).decrypt(path.read_bytes()))
    except (InvalidToken, ValueError) as error:
        raise UserError(
            f"{path}: cannot be decrypted with this key: put the right key or an intact copy back"
        ) from error
    return content


def _save(site: Site, store: Mapping[str, Values]) -> None:
    _private(_file(site), Fernet(_key(site)).encrypt(json.dumps(store).encode()))


def _private(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)
