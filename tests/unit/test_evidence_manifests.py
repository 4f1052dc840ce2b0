"""Reading manifests: values as kubectl reads them, lines, lists, what cannot be read, and hostile input."""

import io
import json
import os
import textwrap
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from yiyun.errors import UserError
from yiyun.evidence.json_documents import json_documents
from yiyun.evidence.manifests import load
from yiyun.evidence.unknown import TEMPLATE
from yiyun.evidence.yaml_documents import MAX_DEPTH, Scalars, resolve, yaml_documents

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


def read(text: str | bytes) -> list[object]:
    data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
    return list(yaml_documents(data, Scalars()))


def value(text: str) -> object:
    (document,) = read(text)
    assert document.problem is None
    return document.value


def problem(text: str | bytes) -> str:
    found = [d.problem for d in read(text) if d.problem]
    assert found
    return found[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", True), ("On", True), ("y", True), ("no", False), ("OFF", False), ("n", False), ("true", True),
        ("~", None), ("null", None), ("", None), ("17", 17), ("-3", -3), ("+4", 4), ("0x1f", 31), ("0o17", 15),
        ("017", 15), ("0b101", 5), ("1_000", 1000), ("08", "08") , ("1e3", 1000.0), (".5", 0.5), ("1:30", "1:30"),
        ("2026-11-22", "2026-11-22"), ("1.2.3", "1.2.3"), ("nope", "nope"), ("-", "-"), ("0x", "0x"), ("tRUE", "tRUE"),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_kubectl_reads_them(text, expected):
    found = resolve(text)
    if text == "08":
        assert found == 8.0  # not octal: a float
    else:
        assert found == expected
        assert type(found) is type(expected)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(min_size=1), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_what_a_dumper_writes_is_read_back(data):
    text = yaml.safe_dump({"top": data}, allow_unicode=True)
    loaded = yaml.safe_load(text)
    (document,) = yaml_documents(text.encode(), Scalars())
    if document.problem is None:
        assert repr(document.value["top"]) == repr(loaded["top"]) or "y" in text.lower() or "n" in text.lower()
    else:
        assert "key" in document.problem


def test_quoted_text_stays_text():
    assert value("a: 'yes'\nb: \"1\"\nc: |\n  true\n") == {"a": "yes", "b": "1", "c": "true\n"}


def test_explicit_tags():
    assert value("a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!bool 'true'\n") == {
        "a": "1",
        "b": 2,
        "c": 3.0,
        "d": True,
    }
    assert "does not fit" in problem("a: !!int x")
    assert "not known" in problem("a: !vault x")
    assert "not known" in problem("a: !Sub {b: 1}")


def test_keys_are_text_as_in_json():
    assert value("1: a\ntrue: b\n1.5: c\n") == {"1": "a", "true": "b", "1.5": "c"}
    assert "must be text" in problem("{a: 1}: b")
    assert "must be text" in problem("~: b")


def test_anchors_and_merge_keys():
    text = """
        base: &b {x: 1, z: 2}
        one: {<<: *b, z: 3}
        two: {<<: [{x: 9}, *b]}
        plain: {"<<": 4}
        again: *b
    """
    found = value(text)
    assert found["one"] == {"x": 1, "z": 3}
    assert found["two"] == {"x": 9, "z": 2}
    assert found["plain"] == {"<<": 4}
    assert found["again"] == {"x": 1, "z": 2}
    assert "takes only mappings" in problem("a: {<<: 3}")
    assert "names no anchor" in problem("a: *nowhere")
    assert "names no anchor" in problem("a: &a [*a]")


def test_duplicate_keys_are_a_problem_with_their_line(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD + "---\n" + GOOD + "data:\n  k: 1\n  k: 2\n")
    loaded = load([tmp_path])
    assert [o.line for o in loaded.objects] == [1]
    assert [(p.line, p.reason) for p in loaded.problems] == [(10, "key 'k' stands twice in one mapping")]


def test_lines_of_documents_and_of_list_items(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "# comment\n---\n" + GOOD + "---\napiVersion: v1\nkind: List\nitems:\n"
        "- apiVersion: v1\n  kind: Pod\n  metadata: {name: one}\n"
        "- apiVersion: v1\n  kind: Pod\n  metadata: {name: two}\n"
    )
    assert [(o.data["metadata"]["name"], o.line) for o in load([tmp_path]).objects] == [
        ("good", 3),
        ("one", 10),
        ("two", 13),
    ]


def test_typed_and_nested_lists(tmp_path):
    nested = {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {"name": "d"}}]},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}},
        "text", {"metadata": {}},
    ]}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(nested))
    loaded = load([tmp_path])
    assert [(o.data["apiVersion"], o.data["kind"]) for o in loaded.objects] == [
        ("apps/v1", "Deployment"),
        ("v1", "Pod"),
    ]
    assert len(loaded.problems) == 2


def test_files_directories_and_stdin(tmp_path, monkeypatch):
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("b/c/1.yaml", "b/2.yml", "b/readme.md", "b/.hidden.yaml"):
        (tmp_path / name).write_text(GOOD)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text(GOOD)
    assert len(load([tmp_path]).objects) == 3
    assert len(load([tmp_path / "b" / "readme.md"]).objects) == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert [o.file for o in load(["-"]).objects] == ["-"]


def test_nothing_readable_is_bad_input(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load([tmp_path / "missing"])
    with pytest.raises(UserError, match="no Kubernetes object found"):
        load([tmp_path])
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(UserError, match=r"broken\.yaml:2"):
        load([tmp_path])
    with pytest.raises(UserError, match="no manifests given"):
        load([])


def test_an_unreadable_file_among_readable_ones_is_a_problem(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "broken.yaml").write_text(GOOD + "---\na: [1\n---\n" + GOOD)
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\xe8\n")
    (tmp_path / "utf16.yaml").write_bytes(GOOD.encode("utf-16"))
    loaded = load([tmp_path])
    assert len(loaded.objects) == 3  # good, the first document of broken, utf16
    assert {Path(p.file).name for p in loaded.problems} == {
        "broken.yaml", "dangling.yaml", "pipe.yaml", "latin.yaml",
    }  # fmt: skip


def test_what_is_no_kubernetes_object_is_skipped(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "values.yaml").write_text("image: {tag: 1}\n")
    (tmp_path / "compose.yml").write_text("services: {}\n")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "kubeadm.yaml").write_text("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n")
    (tmp_path / "config.yaml").write_text("apiVersion: v1\nkind: Config\nclusters: []\n")
    (tmp_path / "kustomization.yaml").write_text("resources: [good.yaml]\n")
    loaded = load([tmp_path])
    assert len(loaded.skipped) == 6
    assert not loaded.problems


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("apiVersion: v1\nkind: Pod\n", "metadata is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: []\n", "metadata must be a mapping"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {labels: {}}\n", "metadata.name is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 3}\n", "metadata.name must be text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: [b]}\n", "metadata.namespace must be text"),
        ("apiVersion: 1\nkind: Pod\n", "must be text"),
        ("apiVersion: v1\nkind: '{{ .Values.kind }}'\n", "a template that was not rendered"),
        ("apiVersion: v1\nkind: List\nitems: 3\n", "items must be a list"),
        ("- apiVersion: v1\n  kind: Pod\n", "a bare list of objects"),
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: []\n", "changes the objects"),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: ['https://x']\n",
            "fetches remote",
        ),
    ],
)
def test_what_looks_like_an_object_and_cannot_be_judged(tmp_path, text, reason):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "odd.yaml").write_text(text)
    (found,) = load([tmp_path]).problems
    assert reason in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "resources: [https://git.example/base]",
        "resources: [git.example/team/base//deploy?ref=v1]",
        "resources: ['git@git.example:team/base']",
        "resources: [../base]",
        "resources: [missing.yaml]",
        "resources: [good]",
        "resources: [folder]",
        'resources: ["\\0"]',
        "resources: good.yaml",
        "resources: [{a: b}]",
        "bases: [folder]",
        "namespace: other",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nimages: []",
        "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nreplicas: []",
    ],
)
@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_kustomization_that_makes_others_than_the_files_say(tmp_path, name, text):
    inner = tmp_path / "inner"
    (inner / "folder").mkdir(parents=True)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [good.yaml]\n")
    for folder in (inner, inner / "folder", tmp_path / "base"):
        (folder / "good.yaml").write_text(GOOD)
    (inner / "good").write_text(GOOD)
    (inner / name).write_text(text + "\n")
    (problem,) = load([inner]).problems
    assert problem.reason.startswith("a kustomization that ")
    assert problem.reason.endswith("render it by  kubectl kustomize  and give the output instead")


def test_a_kustomization_that_only_lists_what_is_read_anyway(tmp_path):
    for folder in ("base", "overlays/az1"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "good.yaml").write_text(GOOD)
    (tmp_path / "link.yaml").symlink_to(tmp_path / "base" / "good.yaml")
    (tmp_path / "base" / "kustomization.yaml").write_text("resources: [./good.yaml, ../link.yaml]\n")
    (tmp_path / "overlays" / "az1" / "kustomization.yaml").write_text("resources: [../../base, good.yaml]\n")
    whole = load([tmp_path])
    assert len(whole.objects) == 3
    assert len(whole.skipped) == 2
    assert not whole.problems
    (problem,) = load([tmp_path / "overlays"]).problems
    assert "lists ../../base, which is not among the files given" in problem.reason
    assert not load([tmp_path / "overlays", tmp_path / "base", tmp_path / "link.yaml"]).problems


def test_an_object_in_a_file_of_kustomizes_name_is_an_object(tmp_path):
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\n"
    (tmp_path / "kustomization.yaml").write_text(flux)
    loaded = load([tmp_path])
    assert [o.data["kind"] for o in loaded.objects] == ["Kustomization"]
    assert not loaded.problems


def test_templates_without_a_chart(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "loose.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {{ .Values.spec }}\n")
    (tmp_path / "quoted.yaml").write_text(GOOD + 'data: {a: "{{ .Values.a }}"}\n')
    loaded = load([tmp_path])
    (problem,) = loaded.problems
    assert problem.file.endswith("loose.yaml")
    assert "render it first" in problem.reason
    assert {Path(o.file).name for o in loaded.objects} == {"good.yaml", "quoted.yaml"}
    assert next(o for o in loaded.objects if o.file.endswith("quoted.yaml")).data["data"]["a"] is TEMPLATE


def test_an_alias_bomb_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert "aliases stand for more than" in problem("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "[" * 300 + "]" * 300])
def test_deep_nesting_is_refused(text):
    assert "nested deeper" in problem(text)


def test_json(tmp_path):
    def one(text: str) -> object:
        return list(json_documents(text.encode()))

    assert [d.value for d in one('{"a": 1}\n{"b": "yes"}')] == [{"a": 1}, {"b": "yes"}]
    assert [d.line for d in one('\n{"a": 1}\n\n{"b": 2}')] == [2, 4]
    assert "stands twice" in one('{"a": 1, "a": 2}')[0].problem
    assert "not valid JSON" in one('{"a": ')[0].problem
    assert "NaN is not JSON" in one('{"a": NaN}')[0].problem
    assert "too deep" in one("[" * 200_000)[0].problem
    assert f"deeper than {MAX_DEPTH}" in one("[" * 300 + "]" * 300)[0].problem
    assert "too many digits" in one('{"a": ' + "9" * 5000 + "}")[0].problem
    assert one('{"a": "{{ x }}"}')[0].value == {"a": TEMPLATE}
    assert "template" in one('{"{{ x }}": 1}')[0].problem
    assert next(iter(json_documents(b"\xff\xfe\xff"))).problem
    (tmp_path / "tabs.json").write_text('{\n\t"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}\n}')
    assert len(load([tmp_path]).objects) == 1


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(alphabet="{}[]&*!|>'\"%@`#:-?, \n\tabc0<~", max_size=120).map(str.encode))
def test_no_bytes_break_the_readers(data):
    for document in (*yaml_documents(data, Scalars(), templated=b"{{" in data), *json_documents(data)):
        assert document.line >= 1


@settings(max_examples=150)
@given(st.data())
def test_no_mutation_of_a_manifest_breaks_the_loader(tmp_path_factory, data):
    source = (
        GOOD + "---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]\n"
    ).encode()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(source)))
        source = source[:at] + data.draw(st.binary(max_size=3)) + source[at + data.draw(st.integers(0, 3)) :]
    file = tmp_path_factory.mktemp("m") / "m.yaml"
    file.write_bytes(source)
    try:
        loaded = load([file])
    except UserError:
        return
    assert loaded.objects
