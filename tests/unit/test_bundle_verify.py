"""Every kind of damage to a bundle: named by verify, refused by whoever would use it."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from bundles import CONTENT, FINGERPRINT, KEY, made, use
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yiyun import bundle
from yiyun.bundle.layout import SEAL
from yiyun.bundle.verify import verify
from yiyun.errors import UserError
from yiyun.signing import keys

OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
DEB = "packages/debian-12/chrony_4.3-2_amd64.deb"


@pytest.fixture
def there(tmp_path):
    made(tmp_path / "bundle")
    return tmp_path / "bundle"


def problems(directory, trust=FINGERPRINT):
    return verify(directory, {trust}, lambda _text: None).problems


def edit_manifest(directory, old, new, key=None):
    path = directory / "bundle.json"
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    if key:
        (directory / "bundle.json.sig").write_bytes(key.sign(path.read_bytes()))
        (directory / "bundle.pub").write_bytes(keys.public_text(key))


def test_a_fresh_bundle_is_good(there):
    found = verify(there, {FINGERPRINT}, lambda _text: None)
    assert found.problems == ()
    assert found.fingerprint == FINGERPRINT
    assert {file.path for file in found.manifest.files} == set(CONTENT)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("moved-away"))
    path.symlink_to("moved-away")


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    "one bit": (flip, f"{DEB}: has another content"),
    "cut short": (lambda path: os.truncate(path, 3), f"{DEB}: has 3 bytes instead of 6"),
    "missing": (Path.unlink, f"{DEB}: missing"),
    "a link": (replace_by_link, f"{DEB}: is a symbolic link"),
    "a pipe": (replace_by_pipe, f"{DEB}: is no regular file"),
    "a directory": (replace_by_directory, f"{DEB}: is no regular file"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_named_and_not_used(there, monkeypatch, name):
    damage, said = DAMAGES[name]
    damage(there / DEB)
    found = problems(there)
    assert found[0].startswith(said)
    assert all("moved-away: is not in the manifest" in each for each in found[1:])
    opened = bundle.opened() if use(monkeypatch, there) else None
    with pytest.raises(UserError, match="nothing of this part is used") as caught:
        opened.part("packages/debian-12")
    assert said in str(caught.value)
    assert opened.part("python/debian-12/amd64").is_dir()


@pytest.mark.parametrize("place", ["extra", "packages/debian-12/extra.deb", "else/where/extra"])
def test_a_file_beyond_the_manifest_is_named(there, place):
    (there / place).parent.mkdir(parents=True, exist_ok=True)
    (there / place).write_bytes(b"x")
    assert problems(there) == (f"{place}: is not in the manifest",)


def test_a_part_with_a_file_beyond_the_manifest_is_not_used(there, monkeypatch):
    use(monkeypatch, there)
    (there / "packages/debian-12/extra.deb").write_bytes(b"x")
    with pytest.raises(UserError, match=r"extra\.deb: is not in the manifest"):
        bundle.opened().part("packages/debian-12")


def test_a_linked_directory_is_named(there, tmp_path):
    (there / "wheels").rename(tmp_path / "wheels")
    (there / "wheels").symlink_to(tmp_path / "wheels")
    assert "wheels: is not in the manifest" in problems(there)


def test_every_problem_is_named_at_once(there):
    flip(there / DEB)
    (there / "wheels/typer-0.20.0-py3-none-any.whl").unlink()
    (there / "extra").write_bytes(b"")
    (there / "bundle.json.sig").write_bytes(bytes(64))
    found = problems(there)
    assert len(found) == 4
    assert found[0].startswith("bundle.json.sig: is not the signature")


SIGNATURES = {
    "manifest changed": lambda top: edit_manifest(top, b'"lab"', b'"hospital"'),
    "manifest cut": lambda top: os.truncate(top / "bundle.json", 60),
    "signature flipped": lambda top: flip(top / "bundle.json.sig"),
    "signature short": lambda top: os.truncate(top / "bundle.json.sig", 63),
    "signature missing": lambda top: (top / "bundle.json.sig").unlink(),
    "key missing": lambda top: (top / "bundle.pub").unlink(),
    "no key": lambda top: (top / "bundle.pub").write_bytes(b"nothing"),
    "key of another sort": lambda top: (top / "bundle.pub").write_bytes(
        generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ),
    "signed anew by a stranger": lambda top: edit_manifest(top, b'"lab"', b'"hospital"', OTHER),
    "stranger's signature under the old key": lambda top: (top / "bundle.json.sig").write_bytes(
        OTHER.sign((top / "bundle.json").read_bytes())
    ),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_wrong_signature_is_refused_before_anything_is_used(there, monkeypatch, name):
    SIGNATURES[name](there)
    found = problems(there)
    assert found
    assert found[0].startswith("bundle.")
    use(monkeypatch, there)
    with pytest.raises(UserError):
        bundle.opened()


def test_the_stranger_is_named_by_fingerprint(there):
    SIGNATURES["signed anew by a stranger"](there)
    stranger = keys.fingerprint(OTHER.public_key())
    assert f"key {stranger} is not trusted; trusted is {FINGERPRINT}" in problems(there)[0]
    assert problems(there, stranger) == ()


def test_openssl_agrees(there, tmp_path):
    (tmp_path / "key.pem").write_bytes((there / "bundle.pub").read_bytes())
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "bundle.pub", "-rawin", "-in", "bundle.json"]
    done = subprocess.run([*command, "-sigfile", "bundle.json.sig"], cwd=there, capture_output=True, text=True)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", "bundle.pub", "-outform", "DER"],
        cwd=there,
        capture_output=True,
        check=True,
    ).stdout
    assert f"sha256:{keys.hashlib.sha256(der).hexdigest()}" == FINGERPRINT


def test_what_is_no_bundle_is_bad_input(tmp_path):
    for directory in (tmp_path, tmp_path / "none", Path("/dev/null")):
        with pytest.raises(UserError):
            problems(directory)


def test_a_signed_manifest_of_a_later_schema_is_bad_input(there):
    edit_manifest(there, b"yiyun.bundle/1", b"yiyun.bundle/2", KEY)
    with pytest.raises(UserError, match=r"bundle\.json:2: schema: .*yiyun\.bundle/1"):
        problems(there)


# --- whom this machine trusts ---------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(SEAL.variable, raising=False)
    return tmp_path / "state" / "yiyun" / "bundle"


def test_nobody_is_trusted_by_default(home, there, monkeypatch):
    monkeypatch.setenv("YIYUN_BUNDLE", str(there))
    with pytest.raises(UserError, match="no key is trusted on this machine"):
        bundle.opened()


def test_the_own_key_is_made_for_its_owner_alone_and_trusted(home):
    key = SEAL.ensure_own()
    assert (home / "key.pem").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    assert SEAL.trusted() == {keys.fingerprint(key.public_key())}
    assert keys.fingerprint(SEAL.ensure_own().public_key()) == keys.fingerprint(key.public_key())
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_a_key_that_others_may_read_signs_nothing(home):
    SEAL.ensure_own()
    (home / "key.pem").chmod(0o640)
    with pytest.raises(UserError, match="others may read this private key: chmod 600"):
        SEAL.ensure_own()


def test_trusted_keys_are_listed_one_a_line(home, there):
    home.mkdir(parents=True)
    (home / "trusted").write_text(f"# who made it\n\n{FINGERPRINT}  # by telephone\n")
    assert SEAL.trusted() == {FINGERPRINT}
    (home / "trusted").write_text("\nnonsense\n")
    with pytest.raises(UserError, match=r"trusted:2: 'nonsense' is no fingerprint"):
        SEAL.trusted()


def test_a_named_key_is_the_only_one(home, there, tmp_path, monkeypatch):
    SEAL.ensure_own()
    assert SEAL.trusted(str(there / "bundle.pub")) == {FINGERPRINT}
    monkeypatch.setenv(SEAL.variable, FINGERPRINT)
    assert SEAL.trusted() == {FINGERPRINT}
    (tmp_path / "junk").write_bytes(b"junk")
    (tmp_path / "huge").write_bytes(bytes(100_000))
    for named in ("sha256:abc", str(tmp_path / "junk"), str(tmp_path / "none"), str(tmp_path / "huge"), str(tmp_path)):
        with pytest.raises(UserError):
            SEAL.trusted(named)


@pytest.mark.parametrize("content", [b"", b"junk", keys.public_text(KEY)])
def test_what_is_no_private_key_is_named(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UserError, match="holds no private key in PEM; make one: openssl genpkey"):
        keys.read_private(path)


def test_json_says_what_the_manifest_says(there):
    assert json.loads((there / "bundle.json").read_bytes())["schema"] == "yiyun.bundle/1"
