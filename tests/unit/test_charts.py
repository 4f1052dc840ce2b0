"""Helm charts among manifests, as far as no helm is needed: finding them, values, and reading helm's words."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yiyun.compliance import gate_manifests
from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.model import State
from yiyun.errors import UserError
from yiyun.evidence.charts import helm
from yiyun.evidence.charts.bounded import Ended
from yiyun.evidence.charts.chart import Chart, read_chart
from yiyun.evidence.charts.helm import Part
from yiyun.evidence.charts.words import LONGEST, Refusal, refusal
from yiyun.evidence.manifests import load
from yiyun.lab.hosts import kubernetes
from yiyun.paths import CHECKOUT

PACK = CHECKOUT / "policies" / "mlps3"
PORTAL = CHECKOUT / "tests" / "charts" / "portal"
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
MIB = 1024 * 1024


@pytest.fixture
def rendered(monkeypatch):
    """Each call of helm (chart's path, release, values); it renders one ConfigMap that is named like the release."""
    calls = []

    def render(chart, release, values):
        calls.append((chart.path, release, list(values)))
        return [Part(f"{chart.name}/templates/a.yaml", (GOOD % release).encode())]

    monkeypatch.setattr(helm, "render", render)
    return calls


def chart(directory: Path, about: str = "", name: str = "") -> Path:
    """A chart that no manifest reader could judge: its template is no YAML."""
    (directory / "templates").mkdir(parents=True)
    (directory / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name or directory.name}\nversion: 1.0.0\n{about}")
    (directory / "values.yaml").write_text("replicas: 1\n")
    (directory / "templates" / "a.yaml").write_text("{{- if .Values.on }}\nkind: {{ .Values.kind }}\n{{- end }}\n")
    return directory


def names(loaded):
    return sorted(item.data["metadata"]["name"] for item in loaded.objects)


# --- which files are a chart, and which are not ------------------------------------------------------------------


@pytest.mark.parametrize("above", [".", "..", "../.."])
def test_a_chart_is_found_given_or_below(tmp_path, rendered, above):
    app = chart(tmp_path / "deploy" / "app")
    loaded = load([app / above])
    assert [call[1] for call in rendered] == ["app"]
    assert names(loaded) == ["app"]
    assert not loaded.problems
    assert not loaded.skipped


def test_what_helm_reads_is_not_read_a_second_time(tmp_path, rendered):
    app = chart(tmp_path / "app")
    for own in ("templates/plain.yaml", "crds/crd.yaml", "charts/sub/templates/b.yaml", "charts/sub/Chart.yaml"):
        (app / own).parent.mkdir(parents=True, exist_ok=True)
        (app / own).write_text(GOOD % "twice")
    (app / "requirements.yaml").write_text("dependencies: []\n")
    (app / "values.schema.json").write_text("{}")
    loaded = load([tmp_path])
    assert len(rendered) == 1
    assert names(loaded) == ["app"]
    assert not loaded.skipped


def test_other_files_of_a_charts_directory_are_judged(tmp_path, rendered):
    app = chart(tmp_path / "app")
    (app / "argocd").mkdir()
    (app / "argocd" / "extra.yaml").write_text(GOOD % "extra")
    (app / "beside.yaml").write_text(GOOD % "beside")
    (app / "broken.yaml").write_text("a: [\n")
    loaded = load([app])
    assert names(loaded) == ["app", "beside", "extra"]
    assert [Path(problem.file).name for problem in loaded.problems] == ["broken.yaml"]


def test_text_for_a_charts_templates_is_skipped_and_named(tmp_path, rendered):
    app = chart(tmp_path / "app")
    (app / "files").mkdir()
    (app / "files" / "site.yaml").write_text("{{- range .Values.sites }}\n- {{ . }}\n{{- end }}\n")
    (tmp_path / "loose.yaml").write_text("{{- range .Values.sites }}\n- {{ . }}\n{{- end }}\n")
    loaded = load([tmp_path])
    assert [Path(each.file).name for each in loaded.skipped] == ["site.yaml"]
    assert [Path(each.file).name for each in loaded.problems] == ["loose.yaml"]


def test_a_chart_among_a_charts_examples_is_its_own(tmp_path, rendered):
    app = chart(tmp_path / "app")
    chart(app / "examples" / "small")
    load([app])
    assert [call[1] for call in rendered] == ["app", "small"]


def test_one_chart_given_twice_is_rendered_once(tmp_path, rendered):
    app = chart(tmp_path / "app")
    (tmp_path / "link").symlink_to(app)
    assert names(load([tmp_path, app, tmp_path / "link"])) == ["app"]


def test_archives_are_charts_where_they_are_given(tmp_path, rendered):
    (tmp_path / "good.yaml").write_text(GOOD % "good")
    (tmp_path / "app-2.1.0-rc.1.tgz").write_bytes(b"")
    assert names(load([tmp_path])) == ["good"]
    loaded = load([tmp_path, tmp_path / "app-2.1.0-rc.1.tgz"])
    assert names(loaded) == ["app", "good"]
    (packed,) = [item for item in loaded.objects if item.template]
    assert packed.file == str(tmp_path / "app-2.1.0-rc.1.tgz")


def test_a_subchart_that_is_given_itself_is_rendered(tmp_path, rendered):
    chart(tmp_path / "app" / "charts" / "sub")
    chart(tmp_path / "app2" / "charts" / "other")
    assert names(load([tmp_path / "app" / "charts" / "sub", tmp_path / "app2" / "charts"])) == ["other", "sub"]


def test_a_template_given_alone_names_its_chart(tmp_path, rendered):
    app = chart(tmp_path / "app")
    (tmp_path / "good.yaml").write_text(GOOD % "good")
    (problem,) = load([tmp_path / "good.yaml", app / "templates" / "a.yaml"]).problems
    assert f"a template of the Helm chart {app}" in problem.reason
    assert not rendered


def test_a_library_is_skipped_by_name(tmp_path, rendered):
    chart(tmp_path / "common", "type: library\n")
    chart(tmp_path / "app")
    loaded = load([tmp_path])
    assert [call[1] for call in rendered] == ["app"]
    (skipped,) = loaded.skipped
    assert "chart common is a library" in skipped.reason
    assert "not judged: chart common is a library" in " ".join(gate_manifests([tmp_path], PACK).notes)
    with pytest.raises(UserError, match="chart common is a library"):
        load([tmp_path / "common"])


@pytest.mark.parametrize("about", ["type: library\ntype: application\n", "{", "type: [library]\n"])
def test_a_chart_that_might_be_no_library_goes_to_helm(tmp_path, rendered, about):
    chart(tmp_path / "odd", about)
    load([tmp_path])
    assert [call[1] for call in rendered] == ["odd"]


def test_what_only_helm_calls_a_library_is_skipped(tmp_path, monkeypatch):
    (tmp_path / "good.yaml").write_text(GOOD % "good")
    (tmp_path / "common-1.0.0.tgz").write_bytes(b"")
    monkeypatch.setattr(helm, "render", lambda *_: Refusal("", 1, "helm: library charts are not installable"))
    loaded = load([tmp_path / "good.yaml", tmp_path / "common-1.0.0.tgz"])
    assert not loaded.problems
    assert "library" in loaded.skipped[0].reason


# --- what was rendered -------------------------------------------------------------------------------------------


def test_rendered_objects_name_their_template(tmp_path, rendered):
    app = chart(tmp_path / "app")
    (item,) = load([app]).objects
    assert (item.file, item.line, item.template) == (str(app / "templates" / "a.yaml"), 0, "app/templates/a.yaml")
    result = gate_manifests([app], PACK)
    assert any("chart app was rendered by helm: 1 objects" in note for note in result.notes)


@pytest.mark.parametrize(
    "template",
    ["app/templates/gone.yaml", "app/charts/alias/templates/a.yaml", "app//etc/passwd", "app/../../x.yaml", ""],
)
def test_a_template_that_lies_elsewhere_stands_at_its_chart(tmp_path, template):
    app = chart(tmp_path / "app")
    (tmp_path.parent / "x.yaml").touch()
    assert read_chart(str(app)).file_of(template) == str(app / "Chart.yaml")


def test_the_releases_namespace_is_none(tmp_path, monkeypatch):
    """What names it and what names no namespace land in one: rules must see them together."""
    documents = "---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{more}}}\n"
        for name, more in (("a", ""), ("b", f", namespace: {helm.NAMESPACE}"), ("c", ", namespace: default"))
    )
    monkeypatch.setattr(helm, "render", lambda *_: [Part("app/templates/a.yaml", documents.encode())])
    loaded = load([chart(tmp_path / "app")])
    assert [item.data["metadata"].get("namespace") for item in loaded.objects] == [None, None, "default"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\n", "no apiVersion and kind"),
        ("{}\n", "no apiVersion and kind"),
        ("- a\n", "no Kubernetes object"),
        ("apiVersion: v1\nkind: Pod\n", "metadata is missing"),
        (GOOD % "x" + "kind: Pod\n", "stands twice"),
        (GOOD % "x" + "a: [\n", "not valid YAML"),
    ],
)
def test_what_is_rendered_and_is_no_object_is_not_evaluated(tmp_path, monkeypatch, text, reason):
    parts = [Part("app/templates/a.yaml", text.encode()), Part("app/templates/b.yaml", (GOOD % "ok").encode())]
    monkeypatch.setattr(helm, "render", lambda *_: parts)
    app = chart(tmp_path / "app")
    loaded = load([app])
    assert names(loaded) == ["ok"]
    (problem,) = loaded.problems
    assert problem.file == str(app / "templates" / "a.yaml")
    assert reason in problem.reason
    assert "in what app/templates/a.yaml rendered to, line" in problem.reason
    assert gate_manifests([app], PACK).exit_code == 1


def test_braces_in_what_was_rendered_are_text(tmp_path, monkeypatch):
    text = GOOD % "x" + "data: {alert: '{{ $labels.pod }} is down'}\n"
    monkeypatch.setattr(helm, "render", lambda *_: [Part("app/templates/a.yaml", text.encode())])
    (item,) = load([chart(tmp_path / "app")]).objects
    assert item.data["data"]["alert"] == "{{ $labels.pod }} is down"


def test_a_chart_that_renders_nothing_is_no_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(helm, "render", lambda *_: [Part("app/templates/a.yaml", b"# switched off\n")])
    with pytest.raises(UserError, match="chart app was rendered by helm: 0 objects"):
        gate_manifests([chart(tmp_path / "app")], PACK)


def test_helms_output_is_taken_apart_at_its_own_marks():
    printed = (
        b"---\n# Source: app/crds/a.yaml\na: 1\n---\n# Source: other/templates/x.yaml\nb: 2\n"
        b"---\n# Source: app/templates/b.yaml\nc: |\n  ---\n  # Source: app/templates/no.yaml\n"
    )
    assert [(part.template, part.data.count(b"\n")) for part in helm._parts(printed)] == [
        ("app/crds/a.yaml", 4),
        ("app/templates/b.yaml", 3),
    ]
    assert [part.template for part in helm._parts(b"kind: X\n---\n# Source: a/b\x1b.yaml\nx: 1\n")] == [
        "",
        "a/b\ufffd.yaml",
    ]
    assert list(helm._parts(b"")) == []
    assert list(helm._parts(b"\n")) == []


# --- charts that are not rendered --------------------------------------------------------------------------------


def test_without_helm_a_chart_is_not_evaluated_and_the_rest_is_judged(tmp_path, monkeypatch):
    def missing(_tool):
        raise UserError("helm is missing: run  ./yiyun doctor --build")

    monkeypatch.setattr(helm.toolchain, "find", missing)
    app = chart(tmp_path / "app")
    (tmp_path / "good.yaml").write_text(GOOD % "good")
    result = gate_manifests([tmp_path], PACK)
    assert result.exit_code == 1
    assert result.objects == 1
    (verdict,) = [v for v in result.verdicts if v.rule == INPUT_READABLE.id]
    assert verdict.state is State.NOT_EVALUATED
    assert verdict.resource.place == f"{app}/Chart.yaml:1"
    assert "chart app cannot be rendered: helm is missing: run" in verdict.message
    alone = gate_manifests([app], PACK)
    assert (alone.exit_code, alone.objects) == (1, 0)


def test_a_helm_that_cannot_be_started(tmp_path, monkeypatch):
    (tmp_path / "helm").write_text("no program")
    (tmp_path / "helm").chmod(0o755)
    monkeypatch.setattr(helm.toolchain, "find", lambda _: tmp_path / "helm")
    (problem,) = load([chart(tmp_path / "app")]).problems
    assert "chart app cannot be rendered" in problem.reason
    assert "Traceback" not in problem.reason


ERRORS = [
    ("execution error at (portal/templates/service.yaml:4:11): name is required", "templates/service.yaml", 4),
    ("parse error at (portal/templates/service.yaml:2): unclosed action", "templates/service.yaml", 2),
    (
        'template: portal/templates/service.yaml:1:3: executing "portal/templates/service.yaml" at <include "x" .>: '
        'error calling include: template: portal/templates/_helpers.tpl:7:2: executing "x" at <.a.b>: nil pointer',
        "templates/_helpers.tpl",
        7,
    ),
    ("YAML parse error on portal/templates/service.yaml: error: yaml: line 30: mapping", "templates/service.yaml", 1),
    ("cannot load values.yaml: error converting YAML to JSON: yaml: line 3: did not find", "values.yaml", 3),
    ("execution error at (portal/charts/cache/templates/statefulset.yaml:4:1): x", "charts/cache/templates/statefulset.yaml", 4),
    ("execution error at (portal/templates/gone.yaml:4:1): x", "Chart.yaml", 1),
    ("found in Chart.yaml, but missing in charts/ directory: postgresql", "Chart.yaml", 1),
    ("dial tcp https://charts.example/x:443: refused", "Chart.yaml", 1),
]  # fmt: skip


@pytest.mark.parametrize(("words", "file", "line"), ERRORS)
def test_helms_error_names_file_and_line(words, file, line):
    stderr = f"WARNING: old\nError: {words}\n\nUse --debug flag to render out invalid YAML\n"
    found = refusal(read_chart(str(PORTAL)), Ended(1, b"", stderr.encode(), ""), MIB)
    assert found == Refusal(str(PORTAL / file), line, f"helm: {words}")


def test_helms_error_is_one_harmless_line_of_bounded_length():
    app = Chart("app", "app")

    def reason(stderr, code=1, stopped=""):
        found = refusal(app, Ended(code, b"", stderr, stopped), 512 * MIB).reason
        assert found.isprintable()
        assert len(found) <= LONGEST + len("helm:  ... ")
        return found

    assert reason(b"Error: a\nb\n- c\x1b[31m\n\xff") == "helm: a b - c\ufffd[31m \ufffd"
    assert reason(b"Error: " + b"x" * 5000 + b" the cause").endswith(" the cause")
    assert reason(b"", code=3) == "helm: exit code 3"
    assert reason(b"", code=-9) == "helm: ended by signal 9"
    assert reason(b"", code=-9, stopped="took more than 60 s") == "helm took more than 60 s"
    assert reason(b"fatal error: runtime: out of memory\n\nstack", code=2) == "helm wanted more than 512 MiB of memory"


# --- values ------------------------------------------------------------------------------------------------------


def test_values_go_to_helm_in_their_order(tmp_path, rendered):
    for name in ("b.yaml", "a.yaml", "empty.yaml"):
        (tmp_path / name).write_text("" if name == "empty.yaml" else f"from: {name}\n")
    app = chart(tmp_path / "app")
    loaded = load([app], [tmp_path / "b.yaml", tmp_path / "a.yaml", tmp_path / "empty.yaml"])
    assert rendered[0][2] == [b"from: b.yaml\n", b"from: a.yaml\n", b""]
    assert f"with {tmp_path}/b.yaml, {tmp_path}/a.yaml" in loaded.rendered[0]


def test_values_may_come_from_a_pipe(tmp_path, rendered):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["/bin/sh", "-c", f"echo 'a: 1' >{tmp_path}/pipe"]):
        load([chart(tmp_path / "app")], [tmp_path / "pipe"])
    assert rendered[0][2] == [b"a: 1\n"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r"--values \S+v\.yaml: cannot be read: No such file"),
        ("- a\n", r"v\.yaml:1: is a list; write a mapping"),
        ("\n\njust text\n", r"v\.yaml:1: is a single value"),
        ("a: 1\nb: [\n", r"v\.yaml:3: not valid YAML.*a values file is one YAML mapping"),
        ("a: 1\na: 2\n", r"v\.yaml:2: key 'a' stands twice"),
        ("a: 1\n---\nb: 2\n", r"v\.yaml:3: a second document, which helm would not read"),
    ],
)
def test_bad_values_are_refused(tmp_path, rendered, content, complaint):
    app = chart(tmp_path / "app")
    if content is not None:
        (tmp_path / "v.yaml").write_text(content)
    with pytest.raises(UserError, match=complaint):
        load([app], [tmp_path / "v.yaml"])
    assert not rendered


def test_values_are_for_one_chart(tmp_path, rendered):
    one, two = chart(tmp_path / "one"), chart(tmp_path / "two")
    chart(tmp_path / "common", "type: library\n")
    (tmp_path / "v.yaml").write_text("a: 1\n")
    with pytest.raises(UserError, match=f"there are 2: {one}, {two}; give one chart at a time"):
        load([tmp_path], [tmp_path / "v.yaml"])
    shutil.rmtree(two)
    assert names(load([tmp_path], [tmp_path / "v.yaml"])) == ["one"]
    shutil.rmtree(one)
    (tmp_path / "good.yaml").write_text(GOOD % "good")
    with pytest.raises(UserError, match="there is no chart in"):
        load([tmp_path], [tmp_path / "v.yaml"])


# --- how helm is called ------------------------------------------------------------------------------------------


def test_releases_are_named_like_their_charts_and_apart():
    taken: set[str] = set()
    given = ["app", "app", "Not_One", "x" * 53, "app", "-a", "a" * 50]
    found = [helm.release_name(Chart(name, name), taken) for name in given]
    assert found == ["app", "app-2", "release-name", "release-name-2", "app-3", "release-name-3", "a" * 50]
    assert all(len(name) <= 53 for name in found)


def test_charts_see_the_cluster_that_yiyun_builds():
    assert helm.kubernetes_version() == kubernetes.VERSION
    served = helm.api_versions()
    assert {"kubevirt.io/v1", "kubevirt.io/v1/VirtualMachine", "monitoring.coreos.com/v1/ServiceMonitor"} <= set(served)
    assert not any("," in each for each in served)


def test_nothing_of_the_users_helm_reaches_it(tmp_path, monkeypatch):
    for name in ("HELM_PLUGINS", "HELM_NAMESPACE", "KUBECONFIG", "HTTPS_PROXY", "HELM_KUBETOKEN"):
        monkeypatch.setenv(name, "the user's")
    environment = helm._environment(tmp_path)
    assert "the user's" not in environment.values()
    for name in ("HOME", "KUBECONFIG", "HELM_PLUGINS", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        assert environment[name].startswith(str(tmp_path))


def test_a_plain_directory_starts_nothing(tmp_path):
    """The modules that start programs are not even imported where no chart is."""
    (tmp_path / "a.yaml").write_text(GOOD % "a")
    code = (
        "import sys; from yiyun.evidence.manifests import load; load(sys.argv[1:]);"
        "print([m for m in ('subprocess', 'yiyun.toolchain', 'yiyun.evidence.charts.helm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
