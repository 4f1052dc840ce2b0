"""Definitions: the lock's text, the canonical form and its hash, sources, open schemas, and what is registered."""

import gzip
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from shipped import SITES
from stack_items import in_one_process, stack_items

from yiyun import crds
from yiyun.crds import form, model, sources
from yiyun.crds import seed as seeding
from yiyun.crds.model import Kind, Lock, Project, Version
from yiyun.errors import UserError
from yiyun.paths import CHECKOUT
from yiyun.site import Site

SCHEMA = {
    "type": "object",
    "description": "gone",
    "properties": {
        "description": {"type": "string", "description": "gone"},
        "spec": {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "string"}}}},
    },
}


def definition(schema=None, **metadata):
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema or SCHEMA}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "beds.ward.example", **metadata},
        "spec": {
            "group": "ward.example",
            "names": {"kind": "Bed", "plural": "beds", "shortNames": ["bd"]},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


KIND = form.describe(definition(), "crds/beds.yaml")
DATA = form.to_bytes(form.canonical(definition()))
PROJECT = Project(
    name="ward",
    version="v1.0.0",
    bundle="ward.jsonl.gz",
    module="ward.example/ward@v1.0.0",
    url="https://ward.example/raw/v1.0.0/{file}",
    kinds=(KIND,),
)


def write_bundle(directory, *definitions):
    with gzip.open(directory / "ward.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in definitions)


# --- the form and its hash ---------------------------------------------------------------------------------------


def test_canonical_form_drops_what_does_not_decide():
    noisy = definition(creationTimestamp=None, annotations={"helm.sh/resource-policy": "keep"})
    noisy["status"] = {"conditions": []}
    noisy["spec"]["versions"][0]["additionalPrinterColumns"] = [{"name": "Age"}]
    assert form.canonical(noisy) == form.canonical(definition())
    kept = form.canonical(noisy)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert kept["properties"]["description"] == {"type": "string"}  # a property of that name is no description
    assert "description" not in kept


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)
schemas = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "object"])}, optional={"default": json_values}
    ),
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(st.text(max_size=12), inner, max_size=4)},
        optional={"anyOf": st.lists(inner, max_size=2), "additionalProperties": inner | st.booleans(), "not": inner},
    ),
    max_leaves=12,
)


def described(schema, text):
    """The same schema with a description wherever a schema may carry one."""
    result = {"description": text, **schema}
    if "properties" in schema:
        result["properties"] = {name: described(each, text) for name, each in schema["properties"].items()}
    for key in ("not", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = described(schema[key], text)
    if "anyOf" in schema:
        result["anyOf"] = [described(each, text) for each in schema["anyOf"]]
    return result


@given(schemas, st.text(max_size=20))
def test_hash_does_not_depend_on_descriptions_or_order(schema, text):
    plain, noisy = definition(schema), definition(described(schema, text))
    noisy["spec"] = dict(reversed(noisy["spec"].items()))
    noisy = dict(reversed(noisy.items()))
    assert form.digest(form.to_bytes(form.canonical(noisy))) == form.digest(form.to_bytes(form.canonical(plain)))


@given(schemas, schemas)
def test_hash_depends_on_the_schema(one, two):
    hashes = [form.digest(form.to_bytes(form.canonical(definition(each)))) for each in (one, two)]
    assert (hashes[0] == hashes[1]) == (json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True))


@given(schemas)
def test_canonical_form_of_itself_is_itself(schema):
    once = form.canonical(definition(described(schema, "x")))
    assert form.canonical(json.loads(form.to_bytes(once))) == once


# --- the lock ----------------------------------------------------------------------------------------------------


def test_shipped_lock_is_whole():
    lock = crds.read()
    assert 80 <= len(lock.kinds) <= 110
    assert {project.bundle for project in lock.projects if project.module is None} >= {"kube-ovn.jsonl.gz"}
    for project in lock.projects:
        assert project.module or project.url is None or all(kind.file for kind in project.kinds)


def test_shipped_lock_fits_the_bundle(crd_bundle, tmp_path):
    """Every kind comes out of the bundle with its hash, and writing the lock anew changes nothing."""
    found = crds.Sources(crd_bundle, tmp_path, print, network=False).find(crds.read().projects)
    assert found.keys() == {kind.name for kind in crds.read().kinds}
    copy = tmp_path / "crds.lock"
    copy.write_bytes(model.LOCK.read_bytes())
    crds.lock(copy, crd_bundle, report=lambda _text: None)
    assert copy.read_bytes() == model.LOCK.read_bytes()


@in_one_process
@pytest.mark.parametrize("site", SITES)
def test_every_kind_that_a_stack_emits_is_locked(site):
    """An object of a kind that the lab does not serve would not be checked by anything."""
    loaded = Site.load(CHECKOUT / "inventories" / site)
    stacks = sorted(path.name for path in (CHECKOUT / "stacks").iterdir() if (path / "__main__.py").exists())
    served = {(kind.group, version.name, kind.kind) for kind in crds.read().kinds for version in kind.versions}
    groups = {kind.group for kind in crds.read().kinds}
    emitted = set()
    for item in stack_items(loaded, *stacks):
        group, _, version = item.manifest["apiVersion"].rpartition("/")
        if group in groups or ("." in group and not group.endswith(".k8s.io")):
            emitted.add((group, version, item.manifest["kind"]))
    assert len(emitted) > 20
    assert emitted <= served


def test_lock_survives_writing_and_reading():
    lock = Lock(projects=(PROJECT,))
    assert model.parse(model.dump(lock), "x") == lock


names = st.from_regex(r"[a-z]{1,8}\.[a-z]{1,8}\.example", fullmatch=True)
kinds = st.builds(
    Kind,
    name=names,
    file=st.none() | st.just("a/b.yaml"),
    kind=st.from_regex(r"[A-Z][A-Za-z]{0,10}", fullmatch=True),
    singular=st.sampled_from(["on", "no", "null", "1", "bed", "~", "y"]),
    short_names=st.lists(st.sampled_from(["off", "x", "0x1"]), max_size=2).map(tuple),
    scope=st.sampled_from(["Namespaced", "Cluster"]),
    versions=st.lists(st.sampled_from(["v1", "v1beta1", "v2"]), min_size=1, max_size=3, unique=True).map(
        lambda names: tuple(Version(name=n, served=True, storage=i == 0, status=i == 1) for i, n in enumerate(names))
    ),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)


@given(st.lists(kinds, min_size=1, max_size=4, unique_by=lambda kind: kind.name))
def test_any_lock_survives_writing_and_reading(some):
    lock = Lock(projects=(PROJECT.model_copy(update={"kinds": tuple(some)}),))
    assert model.parse(model.dump(lock), "x") == lock


def broken(**changes):
    content = yaml.safe_load(model.dump(Lock(projects=(PROJECT,))))
    kind = content["projects"][0]["kinds"][0]
    for key, value in changes.items():
        target = content["projects"][0] if key in {"module", "url", "bundle"} else kind
        if value is None:
            del target[key]
        else:
            target[key] = value
    return yaml.safe_dump(content)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("projects: [", "crds.lock:2: not YAML"),
        ("", "top level"),
        ("version: 2\nprojects: []", "version"),
        (broken(sha256="abc"), "sha256"),
        (broken(scope="Everywhere"), "scope"),
        (broken(kind=None), "kind: Field required"),
        (broken(colour="red"), "colour"),
        (broken(url="http://ward.example/{file}"), "url"),
        (broken(url="https://ward.example/all.yaml"), "url"),
        (broken(module="ward.example/ward"), "module"),
        (broken(versions=[{"name": "v1", "served": True, "storage": False, "status": False}]), "storage version"),
    ],
)
def test_wrong_lock_is_refused_with_its_place(text, says):
    with pytest.raises(UserError) as refusal:
        model.parse(text, "crds.lock")
    assert str(refusal.value).startswith("crds.lock")
    assert says in str(refusal.value)


def test_kind_listed_twice_is_refused():
    text = model.dump(Lock(projects=(PROJECT,)))
    content = yaml.safe_load(text)
    content["projects"][0]["kinds"] *= 2
    with pytest.raises(UserError, match=r"listed twice: beds\.ward\.example"):
        model.parse(yaml.safe_dump(content), "crds.lock")


@given(st.text(max_size=300))
def test_no_text_makes_reading_fail_otherwise(text):
    try:
        model.parse(text, "crds.lock")
    except UserError as refusal:
        assert str(refusal).startswith("crds.lock")


def test_missing_lock_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        model.read(tmp_path / "none")


def test_locking_fills_in_a_kind_by_its_name(tmp_path):
    write_bundle(tmp_path, definition())
    path = tmp_path / "crds.lock"
    project = {"name": "ward", "version": "v1.0.0", "bundle": "ward.jsonl.gz", "kinds": ["beds.ward.example"]}
    path.write_text(yaml.safe_dump({"version": 1, "projects": [project]}))
    locked = crds.lock(path, tmp_path, report=lambda _text: None)
    assert locked.kinds[0].sha256 == KIND.sha256
    assert model.read(path) == locked


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "no list of projects"),
        ("projects: [{name: ward, version: v1, bundle: ward.jsonl.gz, kinds: [x.y]}]", "holds no definition x.y"),
        ("projects: [{name: ward, version: v1, bundle: none.jsonl.gz, kinds: [x.y]}]", "cannot be read"),
        (
            yaml.safe_dump(
                {"projects": [{"name": "w", "bundle": "ward.jsonl.gz", "kinds": [f"a.b{i}" for i in range(111)]}]}
            ),
            "111 kinds",
        ),
    ],
)
def test_locking_refuses(tmp_path, content, says):
    write_bundle(tmp_path, definition())
    path = tmp_path / "crds.lock"
    path.write_text(content)
    with pytest.raises(UserError, match=says):
        crds.lock(path, tmp_path, report=lambda _text: None)
    assert path.read_text() == content


# --- sources -----------------------------------------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch):
    """No compiler, no network; what was asked for is noted."""
    asked = []
    monkeypatch.setattr(sources.golang, "on_path", lambda: None)
    monkeypatch.setattr(sources, "cache_dir", lambda: Path("/nonexistent"))
    monkeypatch.setattr(
        sources.urllib3.PoolManager,
        "request",
        lambda _self, _method, url, **_more: asked.append(url) or refuse(),
    )
    return asked


def refuse():
    raise sources.urllib3.exceptions.NewConnectionError(None, "refused")


def find(tmp_path, bundle=None, project=PROJECT):
    finder = crds.Sources(bundle, tmp_path / "cache", lambda _text: None)
    return finder, finder.find([project])


def test_bundle_fills_the_cache_and_the_cache_serves(tmp_path, offline):
    write_bundle(tmp_path, definition(annotations={"helm.sh/x": "y"}))
    assert find(tmp_path, tmp_path)[1]["beds.ward.example"].source == "bundle"
    (tmp_path / "ward.jsonl.gz").unlink()
    found = find(tmp_path)[1]["beds.ward.example"]
    assert (found.source, found.data) == ("cache", DATA)
    assert offline == []


def test_other_content_does_not_count(tmp_path, offline):
    write_bundle(tmp_path, definition({"type": "object", "properties": {"x": {"type": "string"}}}))
    finder, found = find(tmp_path, tmp_path)
    assert found == {}
    assert "bundle holds another content" in finder.missing["beds.ward.example"]
    assert not (tmp_path / "cache").exists()


def test_damaged_cache_does_not_count(tmp_path, offline):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"{KIND.sha256}.json").write_bytes(DATA + b" ")
    write_bundle(tmp_path, definition())
    assert find(tmp_path, tmp_path)[1]["beds.ward.example"].source == "bundle"
    assert find(tmp_path)[1]["beds.ward.example"].source == "cache"  # repaired


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", b"not gzip", gzip.compress(b"{"), gzip.compress(b'[1]\n"x"\n')],
    ids=["empty", "cut off", "no gzip", "no JSON", "no definitions"],
)
def test_damaged_bundle_does_not_count(tmp_path, offline, content):
    (tmp_path / "ward.jsonl.gz").write_bytes(content)
    finder, found = find(tmp_path, tmp_path)
    assert found == {}
    assert finder.missing["beds.ward.example"]


def test_unreachable_release_is_asked_once(tmp_path, offline):
    beds = [KIND.model_copy(update={"name": f"beds.w{i}.example", "file": f"{i}.yaml"}) for i in range(20)]
    finder, found = find(tmp_path, project=PROJECT.model_copy(update={"kinds": tuple(beds)}))
    assert found == {}
    assert offline == ["https://ward.example/raw/v1.0.0/0.yaml"]
    assert all("cannot be reached" in " ".join(finder.missing[kind.name]) for kind in beds)
    assert "no Go compiler" in " ".join(finder.missing[beds[0].name])


def test_release_serves_a_manifest(tmp_path, offline, monkeypatch):
    class Answer:
        status = 200
        data = yaml.safe_dump_all([{"kind": "Namespace"}, definition()]).encode()

    monkeypatch.setattr(sources.urllib3.PoolManager, "request", lambda *_args, **_more: Answer)
    assert find(tmp_path)[1]["beds.ward.example"].source == "url"
    Answer.status = 404
    (tmp_path / "cache" / f"{KIND.sha256}.json").unlink()
    finder, found = find(tmp_path)
    assert found == {}
    assert "answered 404" in " ".join(finder.missing["beds.ward.example"])


def fake_go(tmp_path, answer, code=0):
    """A program that answers as `go mod download -json` does."""
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\ncat <<'E'\n{json.dumps(answer)}\nE\nexit {code}\n")
    program.chmod(0o755)
    return program


def test_module_serves_a_manifest(tmp_path, offline, monkeypatch):
    (tmp_path / "module" / "crds").mkdir(parents=True)
    (tmp_path / "module" / "crds" / "beds.yaml").write_text(yaml.safe_dump(definition()))
    program = fake_go(tmp_path, {"Dir": str(tmp_path / "module")})
    monkeypatch.setattr(sources.golang, "on_path", lambda: program)
    assert find(tmp_path)[1]["beds.ward.example"].source == "module"


@pytest.mark.parametrize(("error", "times"), [("410 Gone", 2), ("dial tcp: i/o timeout", 1)])
def test_refusal_is_for_one_module_and_silence_for_all(tmp_path, offline, monkeypatch, error, times):
    program = fake_go(tmp_path, {"Error": error}, 1)
    monkeypatch.setattr(sources.golang, "on_path", lambda: program)
    other = PROJECT.model_copy(update={"kinds": (KIND.model_copy(update={"name": "wards.ward.example"}),)})
    finder = crds.Sources(None, tmp_path / "cache", lambda _text: None)
    assert finder.find([PROJECT, other]) == {}
    assert (tmp_path / "asked").read_text().count("asked") == times
    assert error in " ".join(finder.missing["wards.ward.example"])


def test_without_network_nobody_is_asked(tmp_path, offline):
    assert crds.Sources(None, tmp_path / "cache", print, network=False).find([PROJECT]) == {}
    assert offline == []


def test_bundle_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("YIYUN_BUNDLE", str(tmp_path))
    assert crds.bundle_dir() == tmp_path
    monkeypatch.setenv("YIYUN_BUNDLE", str(tmp_path / "none"))
    assert crds.bundle_dir() is None


@given(st.binary(max_size=200))
def test_no_manifest_makes_reading_fail(content):
    assert list(sources.read_yaml(content)) == []


def test_unquoted_equals_sign_is_text():
    text = b"kind: CustomResourceDefinition\nenum: [=, '!=']\n"
    assert next(sources.read_yaml(text))["enum"] == ["=", "!="]


# --- open schemas and registration -------------------------------------------------------------------------------


def test_open_schema_has_the_names_and_a_label():
    kind = KIND.model_copy(
        update={
            "versions": (
                Version(name="v1", served=True, storage=True, status=True),
                Version(name="v1beta1", served=False, storage=False, status=False),
            )
        }
    )
    opened = form.open_schema(kind)
    assert opened["metadata"]["labels"] == {"yiyun.io/unchecked-schema": "true"}
    assert opened["spec"]["names"] == {
        "kind": "Bed",
        "listKind": "BedList",
        "plural": "beds",
        "singular": "bed",
        "shortNames": ["bd"],
    }
    first, second = opened["spec"]["versions"]
    assert first["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True
    assert ("subresources" in first, "subresources" in second) == (True, False)
    assert (first["storage"], second["served"]) == (True, False)
    assert form.describe(opened, kind.file).model_copy(update={"sha256": kind.sha256}) == kind


def test_open_schema_in_a_protected_group_says_that_it_is_not_approved():
    kind = KIND.model_copy(update={"name": "beds.ward.k8s.io"})
    assert form.open_schema(kind)["metadata"]["annotations"]["api-approved.kubernetes.io"].startswith("unapproved")


class FakeApi:
    """Holds definitions as an API server does."""

    def __init__(self, *present):
        self.present = {each["metadata"]["name"]: each for each in present}
        self.written = []

    def get(self, _path, accept):
        return {"items": [{"metadata": each["metadata"]} for each in self.present.values()] or None}

    def request(self, method, _path, definition, timeout):
        self.written.append((method, definition["metadata"]["name"]))
        definition["metadata"]["resourceVersion"] = "7"
        self.present[definition["metadata"]["name"]] = definition


FOUND = {"beds.ward.example": crds.Found(DATA, "bundle")}


def test_registering_twice_writes_once():
    api = FakeApi()
    assert crds.register(api, [KIND], FOUND).created == ("beds.ward.example",)
    again = crds.register(api, [KIND], FOUND)
    assert (again.created, again.changed, again.unchanged) == ((), (), ("beds.ward.example",))
    assert api.written == [("POST", "beds.ward.example")]


def test_open_schema_gives_way_to_the_real_one_and_never_the_other_way():
    api = FakeApi()
    first = crds.register(api, [KIND], {})
    assert (first.created, first.unchecked) == (("beds.ward.example",), ("beds.ward.example",))
    assert crds.register(api, [KIND], {}).unchecked == ("beds.ward.example",)
    real = crds.register(api, [KIND], FOUND)
    assert (real.changed, real.unchecked) == (("beds.ward.example",), ())
    assert api.written[-1] == ("PUT", "beds.ward.example")
    lost = crds.register(api, [KIND], {})
    assert (lost.unchanged, lost.unchecked) == (("beds.ward.example",), ())


def test_new_lock_replaces_what_is_registered():
    api = FakeApi()
    crds.register(api, [KIND], FOUND)
    changed = definition({"type": "object"})
    kind = form.describe(changed, None)
    data = form.to_bytes(form.canonical(changed))
    assert crds.register(api, [kind], {kind.name: crds.Found(data, "bundle")}).changed == (kind.name,)


def test_definitions_of_others_are_left_alone():
    stranger = definition()
    stranger["metadata"]["name"] = "x.other.example"
    api = FakeApi(stranger)
    crds.register(api, [KIND], FOUND)
    assert [name for _, name in api.written] == ["beds.ward.example"]


def test_seeded_definition_is_established_and_counts_as_registered():
    stored = seeding.stored(KIND, json.loads(DATA), "2026-01-01T00:00:00Z")
    assert {each["type"]: each["status"] for each in stored["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert stored["status"]["storedVersions"] == ["v1"]
    assert stored["status"]["acceptedNames"] == stored["spec"]["names"]
    api = FakeApi(stored)
    assert crds.register(api, [KIND], FOUND).unchanged == ("beds.ward.example",)
    assert form.canonical(json.loads(DATA))["spec"]["versions"] == stored["spec"]["versions"]
