"""What must never be built fails the gate, whichever way it comes: site.yaml, manifests, or plain pulumi."""

import json
import os
import subprocess
import xml.etree.ElementTree as ET
from contextlib import contextmanager

import pytest
import yaml
from bad_objects import BAD, ROUTES
from jsonschema import Draft202012Validator

from yiyun.compliance.engine import INPUT_READABLE
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import State
from yiyun.operations import environment
from yiyun.operations.engine import read_steps
from yiyun.operations.previews import judge_steps
from yiyun.paths import CHECKOUT
from yiyun.toolchain import find

pytestmark = pytest.mark.lab

PACK = CHECKOUT / "policies" / "mlps3"
RULES = {rule.id: rule for rule in load_rules(PACK)}
POOL = "{name: fast, device_class: nvme, zones: [az1, az2, az3], failure_domain: zone, replicas: 3, default: true}"
ARCHIVE = "failure_domain: zone, data: 4, coding: 2, min_size: 4}"
THREE_ZONES = """      - {zone: az1, cpu_family: hygon}
      - {zone: az2, cpu_family: intel}
      - {zone: az3, cpu_family: hygon}
    cpus: 4"""
GROUPS = "      security_groups: [his-app]\n    - name: his-app-2"
# Rule -> the edit of site.yaml, and the name of what is refused. All at once: the gate tells all of them.
EDITS = {
    "vm_security_group": (GROUPS, GROUPS.replace("[his-app]", "[]"), "his-app-1"),
    "ceph_pool_size": (POOL, POOL.replace("replicas: 3", "replicas: 2"), "fast"),
    "floating_address_tls": ("          tls: true\n", "          tls: false\n", None),
    "postgresql_zones": (
        THREE_ZONES,
        THREE_ZONES.replace("az2", "az1").replace("az3", "az1").replace("intel", "hygon"),
        "sso-db",
    ),
}
# Refused while the site is read, before anything could be previewed: rule -> the edit.
CONTRADICTIONS = {
    "ceph_pool_layout": (ARCHIVE, "failure_domain: switch_pair, data: 2, coding: 2}", "over 3 switch pairs"),
    "ceph_pool_failure_domain": (POOL, POOL.replace("domain: zone", "domain: rack"), "may put several copies into one"),
}
PROGRAM = """
import json, sys
from pathlib import Path
import pulumi
from yiyun.components.kubernetes import PROVIDER_VERSION, KubernetesObject
for manifest in json.loads(Path("objects.json").read_text()):
    KubernetesObject(manifest, pulumi.ResourceOptions(version=PROVIDER_VERSION))
"""

RELEASES = f"""
import pulumi
from yiyun.components.kubernetes import PROVIDER_VERSION, KubernetesObject
options = pulumi.ResourceOptions(version=PROVIDER_VERSION)
chart = {str(CHECKOUT / "tests" / "charts" / "portal")!r}
pulumi.CustomResource("kubernetes:helm.sh/v3:Release", "portal", {{"chart": chart, "namespace": "hosp-a"}}, options)
about = {{"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease"}}
spec = {{"interval": "10m", "chart": {{"spec": {{"chart": "portal"}}}}}}
KubernetesObject({{**about, "metadata": {{"name": "portal", "namespace": "hosp-a"}}, "spec": spec}}, options)
"""
# Name of the resource in RELEASES -> how the reason begins.
HIDDEN = {
    "portal": "a Helm release: its objects are made only while it is installed",
    "HelmRelease/hosp-a/portal": "Flux installs a Helm chart for it; none of that was judged",
}


def gate(*args, code):
    done = subprocess.run(
        [str(CHECKOUT / "yiyun"), "gate", *map(str, args)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@contextmanager
def edited(workplace, changes):
    """site.yaml with some texts replaced, and as it was afterwards."""
    path = workplace.directory / "site.yaml"
    original = path.read_text(encoding="utf-8")
    try:
        for old, new in changes:
            workplace.edit(old, new)
        yield original
    finally:
        path.write_text(original, encoding="utf-8")


def check_schema(report):
    schema = json.loads((CHECKOUT / "docs" / "schemas" / "findings.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(report)


def failing(report, rule):
    """Findings of one rule that fail, each of which must name what the issue wants named."""
    found = [f for f in report["findings"] if f["rule"] == rule and f["state"] == "fail"]
    for finding in found:
        assert finding["clauses"] or RULES[rule].baseline
        assert finding["remediation"]
        assert finding["message"]
    return found


# --- site.yaml --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edited_site_report(workplace):
    with edited(workplace, [(old, new) for old, new, _ in EDITS.values()]):
        report = json.loads(workplace.yiyun("gate", "--format", "json", code=1).stdout)
    check_schema(report)
    return report


@pytest.mark.parametrize("rule", EDITS)
def test_an_edit_of_the_site_fails(edited_site_report, rule):
    found = failing(edited_site_report, rule)
    assert found
    assert all(f["enforcement"] == "mandatory" for f in found)
    assert all(f["resource"]["name"] or f["resource"]["site"] for f in found)
    assert EDITS[rule][2] in (None, *(f["resource"]["name"] for f in found))


@pytest.mark.parametrize("rule", CONTRADICTIONS)
def test_a_contradiction_of_the_site_is_a_finding(workplace, rule):
    old, new, words = CONTRADICTIONS[rule]
    with edited(workplace, [(old, new)]) as original:
        report = json.loads(workplace.yiyun("gate", "--format", "json", code=1).stdout)
        refused_up = workplace.yiyun("up", "--yes", code=2)
    check_schema(report)
    (finding,) = failing(report, rule)
    assert words in finding["message"]
    assert finding["resource"]["file"] == str(workplace.directory / "site.yaml")
    assert original[: original.index(old)].count("\n") + 1 == finding["resource"]["line"]
    assert f"site.yaml:{finding['resource']['line']}: " in refused_up.stderr


# --- manifests --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    directory = tmp_path_factory.mktemp("manifests")
    for rule, manifest in BAD.items():
        (directory / f"{rule}.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    (directory / "routes.yaml").write_text(yaml.safe_dump_all(ROUTES), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def manifests_report(manifests):
    report = json.loads(gate("--manifests", manifests, "--format", "json", code=1).stdout)
    check_schema(report)
    assert report["summary"]["not_evaluated"] == 0
    return report


@pytest.mark.parametrize("rule", BAD)
def test_a_manifest_fails(manifests_report, manifests, rule):
    wanted = (BAD[rule]["kind"], BAD[rule]["metadata"]["name"], str(manifests / f"{rule}.yaml"))
    found = [
        (f["resource"]["kind"], f["resource"]["name"], f["resource"]["file"]) for f in failing(manifests_report, rule)
    ]
    assert wanted in found


def test_sarif_names_every_failing_rule(manifests):
    report = json.loads(gate("--manifests", manifests, "--format", "sarif", code=1).stdout)
    assert report["version"] == "2.1.0"
    (run,) = report["runs"]
    assert run["results"]
    assert {result["ruleId"] for result in run["results"]} >= BAD.keys()
    described = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= described


def test_junit_counts_its_failures(manifests):
    root = ET.fromstring(gate("--manifests", manifests, "--format", "junit", code=1).stdout)  # noqa: S314  # our own
    failures = root.findall(".//failure")
    assert len(failures) >= len(BAD)
    assert sum(int(suite.get("failures")) for suite in root.iter("testsuite")) == len(failures)


def test_text_names_clause_or_baseline(manifests):
    text = gate("--manifests", manifests, code=1).stdout
    for rule in BAD:
        assert rule in text
        assert any(basis in text for basis in (*RULES[rule].clauses, RULES[rule].baseline) if basis), rule


def test_nothing_readable_is_bad_input(tmp_path):
    (tmp_path / "notes.yaml").write_text("replicas: 3\n")
    assert "no Kubernetes object found" in gate("--manifests", tmp_path, code=2).stderr
    assert "no such file" in gate("--manifests", tmp_path / "absent", code=2).stderr


def test_one_unreadable_file_fails_among_readable_ones(tmp_path):
    (tmp_path / "good.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n")
    gate("--manifests", tmp_path, code=0)
    (tmp_path / "broken.yaml").write_text("a: [\n")
    report = json.loads(gate("--manifests", tmp_path, "--format", "json", code=1).stdout)
    check_schema(report)
    assert report["summary"]["not_evaluated"] == 1
    (finding,) = [f for f in report["findings"] if f["state"] == "not_evaluated"]
    assert finding["resource"]["file"] == str(tmp_path / "broken.yaml")


def test_without_input_the_gate_says_what_it_wants():
    assert "--manifests" in gate(code=2).stderr


# --- plain pulumi -----------------------------------------------------------------------------------------------


@pytest.fixture
def pulumi(workplace, tmp_path):
    """Runs pulumi on a program of one's own, as a user would, with the lab up."""
    workplace.yiyun("lab", "up")
    environ = {**workplace.env, **environment.variables(workplace.site), "PULUMI_BACKEND_URL": f"file://{tmp_path}"}
    environ = {**os.environ, **environ, "PYTHONPATH": str(CHECKOUT / "src")}
    (tmp_path / "Pulumi.yaml").write_text("name: bad\nruntime: python\n")

    def run(*args):
        command = [str(find("pulumi")), *args, "--non-interactive", "--color", "never"]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    made = run("stack", "select", "--create", "bad")
    assert made.returncode == 0, made.stderr
    return run


def test_plain_pulumi_is_stopped_by_the_pack(pulumi, tmp_path):
    """Pulumi fails and names rule, basis and remedy of every object."""
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "objects.json").write_text(json.dumps([*BAD.values(), *ROUTES]))
    done = pulumi("preview", "--stack", "bad", "--policy-pack", str(PACK))
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in told, told
    objects_alone = {rule for rule in BAD if RULES[rule].scope == "object"}
    assert len(objects_alone) >= 6
    for rule in objects_alone:
        basis = ", ".join(RULES[rule].clauses) or RULES[rule].baseline
        assert f"[{rule}; {basis}]" in told, rule
        assert BAD[rule]["metadata"]["name"] in told
    assert told.count("Remedy: ") >= len(objects_alone)


def test_what_is_made_only_later_stops_plain_pulumi(pulumi, tmp_path):
    """A Helm release of pulumi's own, and one of Flux: of neither anybody has seen the objects."""
    (tmp_path / "__main__.py").write_text(RELEASES)
    done = pulumi("preview", "--stack", "bad", "--policy-pack", str(PACK))
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in told, told
    for reason in HIDDEN.values():
        assert f"[{INPUT_READABLE.id}; {INPUT_READABLE.baseline}] {reason}" in told


def test_what_is_made_only_later_stops_the_gate(pulumi, tmp_path):
    """The same in the previews that ./yiyun gate and ./yiyun up judge."""
    (tmp_path / "__main__.py").write_text(RELEASES)
    done = pulumi("preview", "--stack", "bad", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result = judge_steps(RULES.values(), read_steps(json.loads(done.stdout)["steps"]), None, [])
    found = {v.resource.urn.rpartition("::")[2]: v.message for v in result.verdicts if v.rule == INPUT_READABLE.id}
    assert found.keys() == HIDDEN.keys()
    assert all(found[name].startswith(reason) for name, reason in HIDDEN.items())
    assert {v.state for v in result.verdicts if v.rule == INPUT_READABLE.id} == {State.NOT_EVALUATED}
    assert result.exit_code == 1
