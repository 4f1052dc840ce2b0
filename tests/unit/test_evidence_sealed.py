"""The signed manifest of an audit: any change to what it lists is found and named, whoever makes it."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from yiyun.errors import UserError
from yiyun.evidence import sealed
from yiyun.paths import CHECKOUT
from yiyun.signing import keys

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
TRUST = {keys.fingerprint(KEY.public_key())}
FILES = {
    "hosts/az1-a/host.json": b"{}",
    "hosts/az1-a/sshd.txt": b"permitrootlogin no\n",
    "report.html": b"<!doctype html>",
    "empty": b"",
    "site/attestations/\u673a\u623f.pdf": b"%PDF",
}


@pytest.fixture
def kept(tmp_path) -> Path:
    directory = tmp_path / "audit"
    for path, content in FILES.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    sealed.seal(directory, "lab", "2026-11-28T04:00:00+00:00", KEY)
    return directory


def altered(directory: Path) -> tuple[str, ...]:
    return sealed.verify(directory, TRUST).altered


def test_what_was_not_touched_is_good(kept):
    found = sealed.verify(kept, TRUST)
    assert (found.problems, found.signed, found.stranger) == ((), True, None)
    assert {file.path for file in found.manifest.files} == set(FILES)
    assert found.fingerprint in TRUST


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("change", ["more", "less", "gone", "link", "directory"])
def test_a_changed_file_is_named(kept, path, change):
    file = kept / path
    content = file.read_bytes()
    if change == "more":
        file.write_bytes(content + b" ")
    elif change == "less":
        file.write_bytes(bytes(len(content)) or b"x")
    else:
        file.unlink()
        if change == "link":
            file.symlink_to("/etc/hostname")
        elif change == "directory":
            file.mkdir()
    found = sealed.verify(kept, TRUST)
    assert found.altered[0] == path
    assert found.signed


@pytest.mark.parametrize("path", ["hosts/az1-b/host.json", "waiver", ".hidden", "hosts/az1-a/manifest.json"])
def test_a_file_that_nobody_signed_is_named(kept, path):
    (kept / path).parent.mkdir(exist_ok=True)
    (kept / path).write_bytes(b"{}")
    assert altered(kept) == (path,)


def sign_anew(kept: Path, key: Ed25519PrivateKey) -> None:
    (kept / "report.html").write_bytes(b"all is well")
    sealed.seal(kept, "lab", "2026-11-28T04:00:00+00:00", key)


def test_a_stranger_who_signs_anew_is_named(kept):
    sign_anew(kept, OTHER)
    found = sealed.verify(kept, TRUST)
    assert found.problems == ()
    assert keys.fingerprint(OTHER.public_key()) in found.stranger


def _edit_list(kept: Path) -> None:
    path = kept / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"report.html"', b'"report.htm"'))


def _swap_key(kept: Path) -> None:
    (kept / "manifest.pub").write_bytes(keys.public_text(OTHER))


FORGERIES = {
    "edited list": _edit_list,
    "other key": _swap_key,
    "no signature": lambda kept: (kept / "manifest.json.sig").unlink(),
    "no key": lambda kept: (kept / "manifest.pub").unlink(),
    "junk as signature": lambda kept: (kept / "manifest.json.sig").write_bytes(b"junk"),
    "junk as key": lambda kept: (kept / "manifest.pub").write_bytes(b"junk"),
    "junk as list": lambda kept: (kept / "manifest.json").write_bytes(b"junk"),
    "large key": lambda kept: (kept / "manifest.pub").write_bytes(b"x" * 2**20),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_list_that_was_not_signed_is_never_believed(kept, name):
    FORGERIES[name](kept)
    found = sealed.verify(kept, TRUST)
    assert not found.signed
    assert found.problems[0].startswith("manifest.")


def test_a_root_that_is_not_of_the_list_is_named(kept):
    content = json.loads((kept / "manifest.json").read_bytes()) | {"root": "0" * 64}
    sealed.SEAL.sign(kept, json.dumps(content).encode(), KEY)
    found = sealed.verify(kept, TRUST)
    assert not found.signed
    assert "root" in found.problems[0]


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../b", "a//b", "", "a\nb"])
def test_a_path_that_leads_elsewhere_is_refused(kept, path):
    content = json.loads((kept / "manifest.json").read_bytes())
    content["files"][0]["path"] = path
    sealed.SEAL.sign(kept, json.dumps(content).encode(), KEY)
    with pytest.raises(UserError, match=r"manifest\.json: is no manifest of an audit: files\.0\.path"):
        sealed.verify(kept, TRUST)


def test_a_path_that_is_listed_twice_is_refused(kept):
    content = json.loads((kept / "manifest.json").read_bytes())
    content["files"].append(content["files"][0])
    sealed.SEAL.sign(kept, json.dumps(content).encode(), KEY)
    with pytest.raises(UserError, match="listed twice"):
        sealed.verify(kept, TRUST)


def test_no_manifest_is_bad_input(tmp_path):
    for directory in (tmp_path, tmp_path / "none", Path("/dev/null")):
        with pytest.raises(UserError, match="cannot be read"):
            sealed.verify(directory, TRUST)


def test_links_are_not_signed(kept):
    (kept / "link").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="link: is no regular file"):
        sealed.seal(kept, "lab", "", KEY)


def test_the_root_is_what_sha256sum_prints(kept):
    names = sorted(FILES)
    printed = subprocess.run(["sha256sum", *names], cwd=kept, capture_output=True, check=True).stdout
    assert sealed.verify(kept, TRUST).manifest.root == hashlib.sha256(printed).hexdigest()


@given(
    st.lists(
        st.tuples(st.text("abc/", min_size=1), st.text("0123456789abcdef", min_size=64, max_size=64)),
        min_size=2,
        unique_by=lambda pair: pair[0],
    )
)
@settings(max_examples=50)
def test_the_root_says_which_file_has_which_content(listed):
    def of(pairs) -> str:
        return sealed.root(sealed.File.model_construct(path=path, sha256=digest, size=0) for path, digest in pairs)

    assert of(listed) == of(sorted(listed))
    other = [(f"{listed[0][0]}x", listed[0][1]), *listed[1:]]
    assert of(other) != of(listed)


def test_the_manifest_fits_its_published_schema(kept):
    published = json.loads((CHECKOUT / "docs" / "schemas" / "audit.json").read_text(encoding="utf-8"))
    assert published == sealed.manifest_schema()
    Draft202012Validator(published).validate(json.loads((kept / "manifest.json").read_bytes()))
