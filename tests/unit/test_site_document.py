"""Reading YAML: what it means, where it stands, and that hostile files are refused at a line."""

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from site_copies import check_place

from yiyun.errors import SiteError
from yiyun.site import document


def read(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return document.read(path)


def refusal(tmp_path, content):
    with pytest.raises(SiteError) as caught:
        read(tmp_path, content)
    check_place(str(caught.value))
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "written twice (first on line 1)"),
        ("a: {b: 1, b: 2}\n", 1, "key 'b' is written twice"),
        ("a: [1\nb: 2\n", 2, "not valid YAML"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: *x\n", 1, "alias *x has no anchor"),
        ("a: &x [1, *x]\n", 1, "inside its own anchor"),
        ("a: &x\n  b: *x\n", 2, "inside its own anchor"),
        ("a: 1\n---\nb: 2\n", 2, "second YAML document"),
        ("a: !!python/object:os.system x\n", 1, "quote it"),
        ("a: !!binary aGk=\n", 1, "tag binary"),
        ("a: !mine {b: 1}\n", 1, "tag !mine is not known"),
        ("? [1, 2]\n: 3\n", 1, "a key must be a plain word"),
        ("a: 2024-13-45\n", 1, "is not a timestamp"),
        (f"a:\n  b: {'9' * 200}\n", 2, "too long for a number"),
        ("a: =\n", 1, "quote it"),
        ("a: 1\nb: \x07\n", 2, "control character U+0007"),
        (b"a: 1\nb: \xff\xfe\n", 2, "byte 0xff is not UTF-8"),
        (b"\x00\x01\x02", 1, "control character U+0000"),
        ("a: 1\n<<: 3\n", 2, "`<<` needs a mapping"),
        ("[" * 100_000, 1, "nested deeper"),
        ("- " * 100_000, 1, "nested deeper"),
        ("a: " + "{b: " * 60 + "1" + "}" * 60, 1, "nested deeper"),
    ],
)
def test_refused(content, line, words, tmp_path):
    text = refusal(tmp_path, content)
    assert words in text
    assert text.startswith(f"{tmp_path}/x.yaml:{line}: ")


def test_too_many_values_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "MAX_NODES", 5_000)  # 500,000 take 8 s
    assert "x.yaml:3: more than 5000 values" in refusal(tmp_path, f"a: [{'0, ' * 4_000}]\nb:\n  [{'0, ' * 2_000}]")
    read(tmp_path, f"a: [{'0, ' * 4_000}]")


def test_alias_bomb_is_refused(tmp_path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    assert "once its aliases are followed" in refusal(tmp_path, "\n".join(levels))


def test_deep_chain_of_aliases_is_refused(tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 1000))]
    assert "nested deeper" in refusal(tmp_path, "\n".join(lines))


def test_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "x.yaml"
    with path.open("wb") as file:
        file.truncate(document.MAX_BYTES + 1)
    with pytest.raises(SiteError, match="larger than 4 MiB"):
        document.read(path)


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None, lambda path: path.symlink_to(path)])
def test_unreadable_file_is_refused(make, tmp_path):
    path = tmp_path / "x.yaml"
    make(path)
    with pytest.raises(SiteError, match=r"x\.yaml:1: cannot be read"):
        document.read(path)


def test_merge_keys_and_anchors(tmp_path):
    root = read(tmp_path, "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall:\n  <<: [*b, *m]\n  z: 5\n")
    assert document.plain(root)["all"] == {"x": 1, "y": 2, "z": 5}


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "~\n"])
def test_nothing_is_none(content, tmp_path):
    assert read(tmp_path, content).value is None


def test_lines_of_keys_and_items(tmp_path):
    root = read(tmp_path, "a:\n  b:\n    - c: 1\n    -\n      c: 2\n")
    assert document.nearest(root, ("a", "b", 0, "c"))[0] == 3
    assert document.nearest(root, ("a", "b", 1, "c"))[0] == 5
    assert document.nearest(root, ("a", "b", 1, "missing"))[0] == 5
    assert document.nearest(root, ("a", "nothing"))[0] == 1


def test_opaque_tags_keep_their_text(tmp_path):
    root = read(tmp_path, "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !unsafe '{{ x }}'\n")
    assert (root.value["a"].node.tag, root.value["b"].node.tag) == ("vault", "unsafe")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False),
    st.text(string.printable, max_size=20),
    st.text(max_size=10),
    st.dates(),
)
KEYS = st.one_of(st.text(string.ascii_letters + "-_ ", min_size=1, max_size=8), st.integers(0, 99))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_means_what_pyyaml_reads(tmp_path_factory, value):
    try:
        text = yaml.safe_dump(value, allow_unicode=True)
        expected = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeEncodeError):
        return
    assert document.plain(read(tmp_path_factory.mktemp("d"), text)) == expected


@given(st.binary(max_size=200) | st.text(alphabet=" \n-:[]{},&*!|>'\"%@`#?<ab01\t\r\x85\u2028\ufeff", max_size=80))
def test_any_bytes_are_read_or_refused_at_a_line(tmp_path_factory, content):
    directory = tmp_path_factory.mktemp("d")
    try:
        read(directory, content)
    except SiteError as error:
        check_place(str(error))
