"""bundle.json: what is accepted, and that whatever else is refused by name."""

import json

import jsonschema
import pytest
from bundles import made
from hypothesis import given
from hypothesis import strategies as st

from yiyun.bundle import layout, schema
from yiyun.bundle.manifest import LIMIT, File, Manifest, Missing, dump, parse
from yiyun.errors import UserError
from yiyun.site import os_profile

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30)
NAME = st.text(st.sampled_from("abz09_.-+~%é"), min_size=1, max_size=12).filter(lambda name: name not in {".", ".."})
PATHS = st.builds(
    lambda top, rest: "/".join([top, *rest]), st.sampled_from(layout.TOP), st.lists(NAME, min_size=1, max_size=3)
)
ARCHES = st.sampled_from([None, "amd64", "arm64"])
KINDS = st.sampled_from(["image", "package", "wheel", "binary", "crd", "python", "index"])
FILES = st.builds(
    File,
    path=PATHS,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.integers(0, 2**40),
    kind=KINDS,
    name=TEXT,
    version=st.none() | TEXT,
    arch=ARCHES,
    os_profile=st.none() | st.sampled_from(os_profile.NAMES),
    added=st.booleans(),
)
MISSING = st.builds(
    Missing,
    kind=KINDS,
    name=TEXT,
    arch=ARCHES,
    os_profile=st.none() | TEXT,
    by_design=st.booleans(),
    why=TEXT,
    place=st.none() | TEXT,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def apart(files):
    """The files whose paths do not stand in each other's way."""
    kept = []
    for file in files:
        others = [f"{other.path}/" for other in kept]
        if not any(f"{file.path}/".startswith(other) or other.startswith(f"{file.path}/") for other in others):
            kept.append(file)
    return kept


def document(**changes):
    """A small manifest as JSON data."""
    file = {"path": "wheels/a.whl", "sha256": "0" * 64, "size": 1, "kind": "wheel", "name": "a"}
    content = {
        "schema": "yiyun.bundle/1",
        "site": "lab",
        "created": "2026-11-28T01:02:03Z",
        "arches": ["amd64"],
        "files": [file | changes.pop("file", {})],
    }
    return content | changes


def refusal(content):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(UserError) as caught:
        parse(data, "there/bundle.json")
    text = str(caught.value)
    assert text.startswith("there/bundle.json")
    assert "take a fresh copy" in text or "no manifest" in text
    return text


@given(st.lists(FILES, max_size=6), st.lists(MISSING, max_size=3))
def test_what_is_written_is_read_again_and_fits_the_schema(files, missing):
    content = document(files=[], missing=[])
    manifest = Manifest.model_validate(content | {"files": apart(files), "missing": missing})
    data = dump(manifest)
    assert parse(data, "x") == manifest
    jsonschema.validate(json.loads(data), schema.schema())
    lines = data.decode().split("\n")
    assert all(any(json.dumps(file.path, ensure_ascii=False) in line for line in lines) for file in manifest.files)


@given(st.binary(max_size=400))
def test_no_bytes_make_more_than_a_refusal(data):
    refusal(data)


@given(JSON)
def test_no_json_makes_more_than_a_refusal(content):
    refusal(content)


@given(st.data())
def test_no_change_of_a_manifest_makes_more_than_a_refusal(data):
    content = document(missing=[])
    place = data.draw(
        st.sampled_from(["schema", "site", "created", "arches", "files", "missing", "path", "size", "kind"])
    )
    target = content if place in content else content["files"][0]
    target[place] = data.draw(JSON)
    try:
        manifest = parse(json.dumps(content).encode(), "x")
    except UserError as error:
        assert str(error).startswith("x")
    else:
        assert parse(dump(manifest), "x") == manifest


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../out", "wheels/../../out", "wheels//a", "wheels/./a", "./wheels/a", "wheels/", "wheels\\a", "bundle.json",
     "bundle.pub", "a", "else/where", "wheels", "wheels/a\nb", "wheels/\x1b[31m", ""],
)  # fmt: skip
def test_paths_that_lead_elsewhere_are_refused(path):
    text = refusal(document(file={"path": path}))
    assert ":1: files.0.path" in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": "yiyun.bundle/2"}, "schema"),
        ({"site": ""}, "site"),
        ({"created": "yesterday"}, "created"),
        ({"arches": ["riscv64"]}, "arches.0"),
        ({"more": 1}, "more"),
        ({"file": {"sha256": "A" * 64}}, "files.0.sha256 ('wheels/a.whl')"),
        ({"file": {"size": -1}}, "files.0.size ('wheels/a.whl')"),
        ({"file": {"size": True}}, "files.0.size"),
        ({"file": {"size": "1"}}, "files.0.size"),
        ({"file": {"kind": "virus"}}, "files.0.kind"),
        ({"file": {"more": 1}}, "files.0.more"),
        ({"file": {"added": "yes"}}, "files.0.added"),
    ],
)
def test_a_wrong_field_is_named(changes, field):
    assert field in refusal(document(**changes))


def test_the_line_is_named():
    text = json.dumps(document(file={"kind": "virus"}), indent=1)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "wheels/a.whl" in each)
    assert refusal(text.encode()).startswith(f"there/bundle.json:{line}: files.0.kind")
    assert refusal(text.replace('"lab"', "lab").encode()).startswith("there/bundle.json:3: not JSON")
    assert refusal(b'{\n"a": "\xff"}').startswith("there/bundle.json:2: byte 0xff")


def test_a_file_stands_there_once():
    file = document()["files"][0]
    assert "listed twice" in refusal(document(files=[file, file]))
    assert "file and as a directory" in refusal(document(files=[file, file | {"path": "wheels/a.whl/b"}]))
    assert "a key twice" in refusal(b'{"schema": "yiyun.bundle/1", "schema": "yiyun.bundle/1"}')


def test_a_huge_or_deep_text_is_no_manifest():
    assert "larger than 64 MiB" in refusal(b" " * (LIMIT + 1))
    refusal(b"[" * 100_000)


def test_the_published_schema_is_that_of_the_code():
    assert json.loads(schema.PLACE.read_text(encoding="utf-8")) == schema.schema(), "run python -m yiyun.bundle.schema"


def test_a_made_bundle_fits_the_schema(tmp_path):
    made(tmp_path / "bundle")
    jsonschema.validate(json.loads((tmp_path / "bundle" / "bundle.json").read_bytes()), schema.schema())
