"""Every kind that a stack emits is checked against its real definition, and one that is not is never passed."""

import json
import os

import pytest
from conftest import Workplace
from crd_schemas import BUILT_IN_GROUPS, needs_bundle

from yiyun import crds
from yiyun.crds.form import UNCHECKED, without_descriptions
from yiyun.operations.engine import Engine
from yiyun.operations.previews import preview_all
from yiyun.operations.projects import projects
from yiyun.paths import cache_dir

pytestmark = pytest.mark.lab

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing listens there."""


def group_of(api_version):
    return api_version.rpartition("/")[0]


def emitted(workplace):
    """(apiVersion, kind) of all objects of all stacks -> how many."""
    workplace.yiyun("lab", "up")
    previews = preview_all(Engine(workplace.site), projects().values(), lambda _text: None)
    kinds = {}
    for preview in previews.values():
        for step in preview.wished:
            name = (step.manifest["apiVersion"], step.manifest["kind"])
            kinds[name] = kinds.get(name, 0) + 1
    return kinds


def locked():
    """(group, kind) -> project and entry of crds.lock."""
    return {(k.group, k.kind): (project, k) for project in crds.read().projects for k in project.kinds}


@needs_bundle
@pytest.mark.parametrize("shipped", ["lab", "hospital"])
def test_every_kind_is_checked_against_its_real_definition(shipped, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    workplace = Workplace(tmp_path, shipped)
    try:
        kinds = emitted(workplace)
        definitions = {
            item["metadata"]["name"]: item for item in workplace.api("admin").request("GET", DEFINITIONS)["items"]
        }
    finally:
        workplace.close()
    custom = {name: count for name, count in kinds.items() if group_of(name[0]) not in BUILT_IN_GROUPS}
    assert len(custom) >= 40
    lines = []
    for (api_version, kind), count in sorted(custom.items()):
        project, entry = locked()[group_of(api_version), kind]
        live = definitions[entry.name]
        assert live["metadata"].get("labels", {}).get(UNCHECKED) is None, f"{api_version} {kind} has an open schema"
        # The source with the locked hash, and the schema that the server holds, are one.
        source = (crds.crd_cache() / f"{entry.sha256}.json").read_bytes()
        assert crds.digest(source) == entry.sha256
        wanted = {v["name"]: v["schema"]["openAPIV3Schema"] for v in json.loads(source)["spec"]["versions"]}
        held = {v["name"]: without_descriptions(v["schema"]["openAPIV3Schema"]) for v in live["spec"]["versions"]}
        assert held == wanted, f"{api_version} {kind}"
        assert held[api_version.rpartition("/")[2]].get("properties"), f"{api_version} {kind} checks nothing"
        lines.append(f"  {count:4} {kind:28} {api_version:38} {project.name} {project.version}")
    with capsys.disabled():
        heading = f"\n{shipped}: {len(lines)} kinds, each checked against the definition of its project"
        print("\n".join([heading, *lines]))  # noqa: T201  # the list is what this test shows


@pytest.fixture
def no_sources(tmp_path, monkeypatch):
    """A site on a machine where no definition can be found: no bundle, no cache, no network."""
    cache = tmp_path / "cache" / "yiyun"
    cache.mkdir(parents=True)
    for name in ("toolchain", "pulumi"):
        (cache / name).symlink_to(cache_dir() / name)
    (tmp_path / "empty").mkdir()
    unreachable = {
        "XDG_CACHE_HOME": str(cache.parent),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "YIYUN_BUNDLE": str(tmp_path / "empty"),
        "GOPROXY": "off",
        "HTTPS_PROXY": NOWHERE,
        "https_proxy": NOWHERE,
    }
    for name, value in unreachable.items():
        monkeypatch.setenv(name, value)
    place = Workplace(tmp_path)
    place.env |= os.environ
    yield place
    place.close()


def test_without_definitions_the_lab_comes_up_and_the_gate_fails(no_sources):
    names = sorted(kind.name for kind in crds.read().kinds)
    started = no_sources.yiyun("lab", "up")
    for name in names:
        assert f"{name}: no source has its schema" in started.stderr
    strict = no_sources.yiyun("gate", "--format", "json", code=1)
    report = json.loads(strict.stdout)
    unread = [f for f in report["findings"] if f["state"] == "not_evaluated"]
    assert report["summary"]["not_evaluated"] == len(unread) > 100
    assert {f["rule"] for f in unread} == {"input_readable"}
    assert all("no source has the CRD" in f["message"] for f in unread)
    lenient = json.loads(no_sources.yiyun("gate", "--format", "json", "--allow-unchecked-schemas").stdout)
    assert lenient["summary"]["not_evaluated"] == 0
    assert lenient["summary"]["pass"] == report["summary"]["pass"]
    up = no_sources.yiyun("up", "--yes", "--preview", code=1)
    assert "no source has the CRD" in up.stdout
