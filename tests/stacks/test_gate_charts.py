"""The gate on Helm charts, rendered by the real helm: what it judges, and what it says when it cannot."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from yiyun.compliance import gate_manifests
from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.model import State
from yiyun.errors import UserError
from yiyun.evidence.charts import helm
from yiyun.evidence.charts.bounded import Bounds
from yiyun.evidence.manifests import load
from yiyun.paths import CHECKOUT
from yiyun.toolchain import find

PACK = CHECKOUT / "policies" / "mlps3"
PORTAL = CHECKOUT / "tests" / "charts" / "portal"
LEVEL3 = PORTAL / "level3.yaml"
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


@pytest.fixture
def portal(tmp_path):
    """A copy of the chart to break."""
    return Path(shutil.copytree(PORTAL, tmp_path / "portal"))


@pytest.fixture
def small(tmp_path):
    """Makes a chart of one template."""

    def make(template, about="", values=""):
        chart = tmp_path / "small"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: small\nversion: 1.0.0\n{about}")
        (chart / "values.yaml").write_text(values)
        (chart / "templates" / "a.yaml").write_text(template)
        return chart

    return make


def edit(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def failing(result, rule):
    return {v.resource.name for v in result.verdicts if v.rule == rule and v.state is State.FAIL}


def not_evaluated(directory):
    """File below the directory, line and reason of the one chart that cannot be rendered. A manifest beside it is judged."""
    (directory / "good.yaml").write_text(GOOD)
    result = gate_manifests([directory], PACK)
    assert result.exit_code == 1
    assert result.objects == 1
    (verdict,) = [v for v in result.verdicts if v.state is State.NOT_EVALUATED]
    assert verdict.rule == INPUT_READABLE.id
    assert verdict.message.isprintable()
    return str(Path(verdict.resource.file).relative_to(directory)), verdict.resource.line, verdict.message


def gate(*args, code, env=None):
    command = [sys.executable, "-m", "yiyun.cli.main", "gate", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


# --- what is judged ----------------------------------------------------------------------------------------------


def test_everything_that_helm_would_install_is_judged_once():
    loaded = load([PORTAL])
    found = sorted(
        (o.data["kind"], o.data["metadata"]["name"], o.template.removeprefix("portal/")) for o in loaded.objects
    )
    assert found == [
        ("ConfigMap", "portal-site", "templates/monitor.yaml"),  # lookup finds nothing: no cluster is asked
        ("CustomResourceDefinition", "pages.portal.supplier.example", "crds/pages.yaml"),
        ("Deployment", "portal", "templates/deployment.yaml"),
        ("Pod", "portal-ping", "templates/tests/ping.yaml"),
        ("PodDisruptionBudget", "portal", "templates/service.yaml"),
        ("Service", "portal", "templates/service.yaml"),
        ("ServiceMonitor", "portal", "templates/monitor.yaml"),  # its CRD is one of yiyun's clusters
        ("StatefulSet", "portal-cache", "charts/cache/templates/statefulset.yaml"),
    ]
    assert not loaded.problems
    assert {o.file for o in loaded.objects} == {str(PORTAL / o.template.partition("/")[2]) for o in loaded.objects}
    assert {o.data["metadata"].get("namespace") for o in loaded.objects} == {None}


def test_the_verdict_follows_the_values():
    as_shipped = gate_manifests([PORTAL], PACK)
    assert as_shipped.exit_code == 1
    assert failing(as_shipped, "pod_privileged") == {"portal", "portal-ping"}
    assert failing(as_shipped, "pod_host_network") == {"portal-cache"}
    hardened = gate_manifests([PORTAL], PACK, values=[LEVEL3])
    assert hardened.exit_code == 0
    assert not [v for v in hardened.verdicts if v.state in (State.FAIL, State.NOT_EVALUATED)]
    assert {v.resource.name for v in hardened.verdicts if v.rule == "pod_privileged"} == {"portal", "portal-ping"}


def test_the_last_values_win(tmp_path):
    (tmp_path / "again.yaml").write_text("privileged: true\n")
    result = gate_manifests([PORTAL], PACK, values=[LEVEL3, tmp_path / "again.yaml"])
    assert failing(result, "pod_privileged") == {"portal", "portal-ping"}
    assert gate_manifests([PORTAL], PACK, values=[tmp_path / "again.yaml", LEVEL3]).exit_code == 0


def test_names_with_commas_and_quotes_are_names(tmp_path, monkeypatch):
    odd = tmp_path / 'a, "b'
    odd.mkdir()
    monkeypatch.setattr(helm.tempfile, "tempdir", str(odd))
    chart = shutil.copytree(PORTAL, odd / "-portal")
    values = shutil.copy(LEVEL3, odd / "http:,x.yaml")
    assert gate_manifests([chart], PACK, values=[Path(values)]).exit_code == 0


def test_an_archive_is_judged_as_its_directory(tmp_path):
    env = {"PATH": os.defpath, "HOME": str(tmp_path)}
    subprocess.run([find("helm"), "package", PORTAL, "-d", tmp_path], check=True, capture_output=True, env=env)
    archive = tmp_path / "portal-1.4.2.tgz"
    packed, plain = load([archive]), load([PORTAL])
    assert [o.data for o in packed.objects] == [o.data for o in plain.objects]
    assert {o.file for o in packed.objects} == {str(archive)}
    assert gate_manifests([archive], PACK, values=[LEVEL3]).exit_code == 0


def test_a_packed_library_is_skipped(small, tmp_path):
    chart = small("{{- /* nothing */ -}}\n", "type: library\n")
    env = {"PATH": os.defpath, "HOME": str(tmp_path)}
    subprocess.run([find("helm"), "package", chart, "-d", tmp_path], check=True, capture_output=True, env=env)
    with pytest.raises(UserError, match="chart small is a library"):
        load([tmp_path / "small-1.0.0.tgz"])


def test_charts_of_one_run_have_releases_of_their_own(tmp_path):
    for name in ("blue", "green"):
        shutil.copytree(PORTAL, tmp_path / name)
    names = [o.data["metadata"]["name"] for o in load([tmp_path]).objects if o.data["kind"] == "Deployment"]
    assert names == ["portal", "portal-2"]


def test_every_report_names_template_and_resource(tmp_path):
    deployment = str(PORTAL / "templates" / "deployment.yaml")
    report = json.loads(gate("--manifests", PORTAL, "--format", "json", code=1).stdout)
    schema = json.loads((CHECKOUT / "docs" / "schemas" / "findings.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(report)
    (found,) = [
        f["resource"] for f in report["findings"] if f["rule"] == "pod_privileged" and f["resource"]["name"] == "portal"
    ]
    assert (found["file"], found["line"]) == (deployment, None)
    assert found["template"] == "portal/templates/deployment.yaml"
    said = "(rendered by helm from portal/templates/deployment.yaml)"
    assert f"Deployment/portal  {deployment} {said}" in gate("--manifests", PORTAL, code=1).stdout
    assert f"Deployment/portal {deployment} {said}" in gate("-m", PORTAL, "-f", "junit", code=1).stdout
    (run,) = json.loads(gate("-m", PORTAL, "-f", "sarif", code=1).stdout)["runs"]
    places = [r["locations"][0]["physicalLocation"] for r in run["results"] if said in r["message"]["text"]]
    assert {"artifactLocation": {"uri": deployment}} in places


def test_what_a_chart_lets_a_controller_make_is_not_evaluated(small):
    chart = small("apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: more}\nspec: {chart: more}\n")
    result = gate_manifests([chart], PACK)
    (verdict,) = [v for v in result.verdicts if v.state is State.NOT_EVALUATED]
    assert (verdict.resource.kind, verdict.resource.template) == ("HelmChart", "small/templates/a.yaml")
    assert result.exit_code == 1


# --- what cannot be rendered -------------------------------------------------------------------------------------


def test_a_missing_required_value(portal):
    edit(portal / "templates" / "_helpers.tpl", ".Values.image.tag", 'required "set image.tag" .Values.image.tag')
    edit(portal / "values.yaml", '  tag: "3.2"\n', "")
    file, line, reason = not_evaluated(portal.parent)
    assert file.startswith("portal/templates/")
    assert line > 1
    assert "chart portal cannot be rendered: helm: execution error at" in reason
    assert reason.endswith("set image.tag")


def test_a_template_that_fails(portal):
    edit(portal / "templates" / "service.yaml", "{{ .Release.Namespace }}", "{{ .Values.nowhere.name }}")
    file, line, reason = not_evaluated(portal.parent)
    assert (file, line) == ("portal/templates/service.yaml", 5)
    assert "nil pointer evaluating interface {}.name" in reason


def test_a_template_that_does_not_parse(portal):
    edit(portal / "templates" / "monitor.yaml", "{{- end }}\n{{- if not", "{{- if not")
    file, _, reason = not_evaluated(portal.parent)
    assert file == "portal/templates/monitor.yaml"
    assert "parse error" in reason


def test_a_template_that_renders_no_yaml(portal):
    edit(portal / "values.yaml", "LANGUAGE: zh-CN", 'LANGUAGE: "x"\n  "a: [": y')
    file, line, reason = not_evaluated(portal.parent)
    assert (file, line) == ("portal/templates/deployment.yaml", 1)
    assert "YAML parse error" in reason


def test_a_dependency_that_is_not_vendored(portal):
    shutil.rmtree(portal / "charts")
    file, _, reason = not_evaluated(portal.parent)
    assert file == "portal/Chart.yaml"
    assert "missing in charts/ directory: cache" in reason
    assert "helm dependency build" in reason


def test_values_that_the_charts_schema_refuses(portal, tmp_path):
    edit(portal / "values.yaml", "replicas: 2", 'replicas: "two"')
    file, _, reason = not_evaluated(portal.parent)
    assert file == "portal/Chart.yaml"
    assert "don't meet the specifications of the schema" in reason
    assert "at '/replicas': got string, want integer" in reason


def test_a_chart_for_another_kubernetes(portal):
    edit(portal / "Chart.yaml", ">=1.30.0-0", "<1.30.0")
    assert "incompatible with Kubernetes v1.34" in not_evaluated(portal.parent)[2]


def test_a_broken_chart_file(portal):
    (portal / "Chart.yaml").write_text("name: [\n")
    file, line, reason = not_evaluated(portal.parent)
    assert (file, line) == ("portal/Chart.yaml", 1)
    assert "chart portal cannot be rendered: helm: cannot load Chart.yaml" in reason


def test_broken_values_of_the_charts_own(portal):
    (portal / "values.yaml").write_text("a: 1\nb: [\n")
    assert not_evaluated(portal.parent)[0] == "portal/values.yaml"


def test_a_subchart_without_its_chart_file(portal):
    (portal / "charts" / "cache" / "Chart.yaml").unlink()
    assert "Chart.yaml file is missing" in not_evaluated(portal.parent)[2]


def test_helms_words_do_not_steer_a_terminal(small):
    _, _, reason = not_evaluated(small('{{ fail "boo\\u001b[31m\\u202e\\nnext" }}\n').parent)
    assert "boo\ufffd[31m\ufffd next" in reason


def test_a_chart_alone_that_cannot_be_rendered_is_a_report(portal):
    shutil.rmtree(portal / "charts")
    report = json.loads(gate("--manifests", portal, "--format", "json", code=1).stdout)
    (finding,) = report["findings"]
    assert finding["state"] == "not_evaluated"
    assert finding["resource"]["file"] == str(portal / "Chart.yaml")


def test_without_helm_it_is_named(portal, tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": os.defpath}
    env.pop("YIYUN_BIN", None)
    env.pop("YIYUN_BUNDLE", None)
    done = gate("--manifests", portal, code=1, env=env)
    assert "chart portal cannot be rendered: helm is missing: run  ./yiyun doctor --build" in done.stdout


def test_bad_values_are_bad_input(portal, tmp_path):
    (tmp_path / "v.yaml").write_text("a: 1\na: 2\n")
    assert "v.yaml:2: key 'a' stands twice" in gate("-m", portal, "--values", tmp_path / "v.yaml", code=2).stderr
    assert "cannot be read" in gate("-m", portal, "--values", tmp_path / "w.yaml", code=2).stderr
    assert "--manifests" in gate("--values", LEVEL3, code=2).stderr
    assert "--manifests" in gate("--values", LEVEL3, "--site", "lab", code=2).stderr
    shutil.copytree(PORTAL, tmp_path / "second")
    both = gate("-m", portal, "-m", tmp_path / "second", "--values", LEVEL3, code=2).stderr
    assert f"{portal}, {tmp_path / 'second'}" in both


# --- hostile charts ----------------------------------------------------------------------------------------------

FLOOD = 'a: |\n{{- range until 2000 }}\n  {{ repeat 100000 "x" }}\n{{- end }}\n'
ENDLESS = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}\n"


@pytest.mark.parametrize(
    ("template", "values", "reason"),
    [
        (ENDLESS, "", "used more than 2 s of CPU time"),
        ('a: {{ repeat 1000000000 "x" }}\n', "", "wanted more than 1024 MiB of memory"),
        ("{{ tpl .Values.x . }}\n", "x: '{{ tpl .Values.x . }}'\n", "more than"),
        ('{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}\n', "", "error calling include"),
        ('{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}\n', "", "maximum template depth"),
    ],
)
def test_a_hostile_chart_ends_by_the_bounds(small, monkeypatch, template, values, reason):
    monkeypatch.setattr(helm, "BOUNDS", helm.BOUNDS._replace(cpu_seconds=2 if template is ENDLESS else 30))
    assert reason in not_evaluated(small(template, values=values).parent)[2]


def test_a_flood_of_output_is_cut(small, monkeypatch):
    monkeypatch.setattr(helm, "BOUNDS", Bounds(30, 300, 16 * 1024 * 1024, 4 * 1024**3))
    assert "helm printed more than 16 MiB" in not_evaluated(small(FLOOD).parent)[2]


def test_no_helm_outlives_its_chart(small, monkeypatch):
    monkeypatch.setattr(helm, "BOUNDS", helm.BOUNDS._replace(seconds=1))
    chart = small(ENDLESS)
    assert "took more than 1 s" in not_evaluated(chart.parent)[2]
    running = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if os.access(p, os.R_OK)]
    assert not [line for line in running if str(chart).encode() in line]


def test_a_chart_cannot_look_at_the_users_helm_or_the_network(small, monkeypatch):
    """Functions that could reach out find nothing: no cluster, no name server, no environment."""
    monkeypatch.setenv("CANARY", "canary-7f3a")
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        'data:\n  host: \'{{ getHostByName "localhost" }}\'\n  objects: \'{{ len (lookup "v1" "Namespace" "" "") }}\'\n'
    )
    (item,) = load([small(template)]).objects
    assert item.data["data"] == {"host": "", "objects": "0"}


@pytest.mark.parametrize("name", ["env", "expandenv"])
def test_a_chart_cannot_read_the_environment(small, name):
    assert f'function "{name}" not defined' in not_evaluated(small(f'a: {{{{ {name} "HOME" }}}}\n').parent)[2]
