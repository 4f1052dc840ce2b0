"""One audit of all parts: judged together, kept without secrets, judged again with the same verdicts."""

import hashlib
import json
import shutil
import weakref
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import host_cases
import pytest
from api_answers import CANARY, Server, refusal, resources
from rule_cases import LAB, PACK, rules

from yiyun.compliance.attestations import read_attestations
from yiyun.compliance.catalogue import load_catalogue
from yiyun.compliance.clauses import ClauseState
from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.model import State
from yiyun.compliance.report_audit import render_audit
from yiyun.errors import UserError
from yiyun.evidence.hosts import records
from yiyun.operations import environment
from yiyun.operations.audit import Evidence, Parts, audit_evidence, audit_site
from yiyun.operations.audit_parts import cluster, description, hosts, stacks
from yiyun.operations.engine import Preview, Step
from yiyun.operations.gate import Look
from yiyun.operations.projects import Project
from yiyun.site import Site

WHOLE = Parts(("lab-az1-master01",), cluster=True, stacks=True)
ENV = [{"name": "DB_PASSWORD", "value": CANARY}]


def pod(name, **container):
    container = {"name": "web", "image": "harbor.lab.example/app:1", **container}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container]}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Where everything of this file lies; what yiyun keeps for itself, too."""
    directory = tmp_path_factory.mktemp("audits")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(directory / name.lower()))
        yield directory


@pytest.fixture
def site(root, tmp_path):
    """A copy of the lab with a waiver, nothing running."""
    directory = tmp_path / "lab"
    shutil.copytree(LAB, directory)
    day = datetime.now(UTC).astimezone().date()
    (directory / "waivers.yaml").write_text(
        "version: 1\nwaivers:\n- rule: pod_privileged\n  resource: {kind: Pod, namespace: default, name: bad}\n"
        f"  owner: Li Wei\n  reason: measured\n  expires: {day + timedelta(days=1)}\n"
    )
    return Site.load(directory)


@pytest.fixture
def server(root, tmp_path, monkeypatch):
    """An API server with three Pods; this account may not read Services. Hosts and stacks were recorded before."""
    made = Server(tmp_path)
    made.answers["/api/v1"] = resources("Pod", "Service", "Secret")
    made.answers["/version"] = (200, {"gitVersion": "v1.35.2"})
    made.answers["/api/v1/services"] = refusal(403, "cannot list")
    made.answers["/api/v1/secrets"] = (200, {"items": [{"metadata": {"name": "s"}, "data": {"a": CANARY}}]})
    items = [pod("good", env=ENV), pod("bad", securityContext={"privileged": True}), pod("unnamed", image=5)]
    made.answers["/api/v1/pods"] = (200, {"items": items})
    made.answers["/apis"] = (200, {"groups": []})
    monkeypatch.setattr(environment, "kubeconfig", lambda _site, _person="ops": made.kubeconfig)
    monkeypatch.setattr(hosts, "read", read_hosts)
    monkeypatch.setattr(stacks, "look", look)
    yield made
    made.close()


def read_hosts(_site, names, _rules, directory, _report, *, deep):
    record = host_cases.recorded("debian-12-hardened")
    for name in names:
        records.save(directory, replace(record, name=name, taken=now()))


def look(_site, _report):
    written = {
        "urn:a": {"apiVersion": "v1", "kind": "Pod", **pod("bad", securityContext={"privileged": True})},
        "urn:s": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": CANARY}},
        "urn:x::thing": {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}},
    }
    steps = {urn: Step("create", urn, manifest) for urn, manifest in written.items()}
    preview = Preview(Project("compute", Path(), ()), Path(), tuple(steps.values()))
    return Look([preview], [steps["urn:x::thing"]], [(steps["urn:a"], "no such field")])


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")


def quiet(_):
    pass


def by_rule(found, rule, **where):
    return [
        v.state
        for v in found.result.verdicts
        if v.rule == rule and all(getattr(v.resource, key) == value for key, value in where.items())
    ]


_whole = {}


@pytest.fixture
def kept(root, site, server, tmp_path):
    """A whole audit, made once, and a copy of what it kept."""
    if not _whole:
        _whole["found"] = audit_site(site, PACK, WHOLE, quiet, root / "audit")
    shutil.copytree(root / "audit", tmp_path / "audit")
    return _whole["found"], tmp_path / "audit"


def unsigned(directory):
    """What was kept, as if nobody had signed it."""
    for path in directory.glob("manifest.*"):
        path.unlink()


def test_all_parts_are_judged_together(kept):
    found, _ = kept
    assert by_rule(found, "sshd_root_login") == [State.PASS]
    assert by_rule(found, "pod_privileged", name="good") == [State.PASS]
    assert by_rule(found, "pod_privileged", name="bad", urn="") == [State.WAIVED]
    assert by_rule(found, "pod_privileged", name="bad", urn="urn:a") == [State.WAIVED]
    assert by_rule(found, "secret_inline") == [State.FAIL], "the one that the stacks write; the server is not asked"
    assert by_rule(found, "service_node_port") == [State.NOT_EVALUATED]
    assert sorted(by_rule(found, "input_readable")) == [State.FAIL, State.NOT_EVALUATED]
    for rule in rules().values():
        if rule.scope == "site":
            assert len(by_rule(found, rule.id)) == 1, "the site is judged once"


def test_kept_evidence_gives_the_same_verdicts(kept):
    found, directory = kept
    again = audit_evidence(directory, PACK)
    plain = [v._replace(resource=v.resource._replace(file="", line=0)) for v in found.result.verdicts]
    assert [v._replace(resource=v.resource._replace(file="", line=0)) for v in again.result.verdicts] == plain
    assert {name: (c.state, c.counts) for name, c in again.clauses.items()} == {
        name: (c.state, c.counts) for name, c in found.clauses.items()
    }
    assert again.exit_code == found.exit_code == 1
    assert again.taken == found.taken


def test_no_secret_is_kept_or_asked_for(kept, server):
    _, directory = kept
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert {"hosts", "cluster", "stacks", "site"} <= {path.relative_to(directory).parts[0] for path in files}
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    assert not [path for path, _ in server.asked if "secret" in path]


def test_a_waiver_counts_as_on_the_day_of_the_audit_and_with_site_as_today(kept, site):
    _, directory = kept
    (site.path / "waivers.yaml").unlink()
    assert State.WAIVED in by_rule(audit_evidence(directory, PACK), "pod_privileged")
    assert State.WAIVED not in by_rule(audit_evidence(directory, PACK, site), "pod_privileged")


def test_attestations_are_kept_with_what_they_show(site, tmp_path):
    shown = site.path / "attestations" / "evidence" / "fire.pdf"
    shown.parent.mkdir(parents=True)
    shown.write_bytes(b"paper")
    day = datetime.now(UTC).astimezone().date()
    (site.path / "attestations" / "fire.yaml").write_text(
        f"version: 1\ndocument: fire_inspection\nclauses: [8.1.1.5-a]\nwho: Li Wei\nwhen: {day}\nuntil: {day}\n"
        f'fields: {{inspector: Fire Safety, inspected_on: "{day}", result: no findings}}\n'
        f"evidence: {{path: attestations/evidence/fire.pdf, sha256: {hashlib.sha256(b'paper').hexdigest()}}}\n"
    )
    description.save(tmp_path / "copy", site)
    shutil.rmtree(site.path)
    copy = description.load(tmp_path / "copy")
    assert (copy.name, copy.hosts, copy.spec) == (site.name, site.hosts, site.spec)
    (claim,) = read_attestations(copy.path, load_catalogue(PACK), day)
    assert claim.flaw is None
    (copy.path / "attestations" / "evidence" / "fire.pdf").write_bytes(b"other")
    (claim,) = read_attestations(copy.path, load_catalogue(PACK), day)
    assert "altered" in claim.flaw


@pytest.mark.parametrize("path", ["../outside.pdf", "/etc/hostname"])
def test_what_lies_outside_of_the_site_is_not_copied(site, tmp_path, path):
    (tmp_path / "outside.pdf").write_bytes(b"x")
    (site.path / "attestations").mkdir()
    (site.path / "attestations" / "fire.yaml").write_text(
        "version: 1\ndocument: fire_inspection\nclauses: [8.1.1.5-a]\nwho: x\nwhen: 2026-01-01\nuntil: 2026-01-01\n"
        f"fields: {{}}\nevidence: {{path: {path}, sha256: {'a' * 64}}}\n"
    )
    description.save(tmp_path / "copy" / "site", site)
    kept = {str(file.relative_to(tmp_path / "copy")) for file in (tmp_path / "copy").rglob("*") if file.is_file()}
    assert kept == {"site/site.yaml", "site/hosts.json", "site/waivers.yaml", "site/attestations/fire.yaml"}


@pytest.mark.parametrize("missing", ["hosts", "cluster", "stacks"])
def test_a_part_that_was_not_looked_at_lets_no_clause_of_its_rules_conform(kept, missing):
    found, directory = kept
    unsigned(directory)
    shutil.rmtree(directory / missing)
    without = audit_evidence(directory, PACK)
    scopes = ("host",) if missing == "hosts" else ("object", "objects")
    for rule in rules().values():
        if rule.scope in scopes:
            for clause in rule.clauses:
                assert without.clauses[clause].state not in (ClauseState.CONFORMS, ClauseState.NOT_APPLICABLE)
                assert any(f"the {missing}" in reason for reason in without.clauses[clause].reasons)
    assert without.exit_code == 1
    assert len(without.result.verdicts) < len(found.result.verdicts)


def test_without_any_part_there_is_no_evidence(kept):
    _, directory = kept
    for name in ("hosts", "cluster", "stacks"):
        shutil.rmtree(directory / name)
    with pytest.raises(UserError, match="holds no evidence of an audit"):
        audit_evidence(directory, PACK)


def test_altered_objects_are_not_evaluated(kept):
    _, directory = kept
    unsigned(directory)
    pods = directory / "cluster" / "Pod.json"
    pods.write_text(pods.read_text().replace('"privileged": true', '"privileged": false'))
    written = directory / "stacks" / "compute.json"
    written.write_text(written.read_text().replace("true", "false"))
    again = audit_evidence(directory, PACK)
    assert set(by_rule(again, "pod_privileged")) == {State.NOT_EVALUATED}
    messages = {v.message for v in again.result.verdicts if v.rule == "pod_privileged"}
    assert messages == {
        "Pod: the saved objects have been altered",
        "the saved objects of stack compute have been altered",
    }


@pytest.mark.parametrize("file", ["stacks/stacks.json", "cluster/cluster.json", "site/hosts.json"])
@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "other/1"}'])
def test_what_is_no_evidence_is_refused_at_its_file(kept, file, content):
    _, directory = kept
    unsigned(directory)
    (directory / file).write_text("{" if file.startswith("site") else content)
    with pytest.raises(UserError, match=rf"{file.rpartition('/')[2]}:1: "):
        audit_evidence(directory, PACK)


def test_a_cluster_and_stacks_that_do_not_answer_are_named_and_the_hosts_are_judged(site, server, monkeypatch):
    def refuse(_site, _report):
        raise UserError("preview of compute failed")

    monkeypatch.setattr(stacks, "look", refuse)
    server.http.server_close()
    found = audit_site(site, PACK, WHOLE, quiet)
    assert by_rule(found, "sshd_root_login") == [State.PASS]
    verdicts = [v for v in found.result.verdicts if v.rule == "pod_privileged"]
    assert {v.state for v in verdicts} == {State.NOT_EVALUATED}
    assert {v.resource.file for v in verdicts} == {"cluster", "stacks"}
    assert any("does not answer" in v.message for v in verdicts)
    assert any("preview of compute failed" in v.message for v in verdicts)


def test_a_directory_that_holds_something_is_refused_before_anything_is_read(site, tmp_path):
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "x").write_text("x")
    with pytest.raises(UserError, match="exists already"):
        audit_site(site, PACK, WHOLE, quiet, tmp_path / "audit")


@pytest.mark.parametrize("file", ["waivers.yaml", "attestations/fire.yaml"])
def test_a_broken_description_is_refused_before_anybody_is_asked(site, monkeypatch, file):
    monkeypatch.setattr(hosts, "read", lambda *_, **__: pytest.fail("a host was asked"))
    (site.path / "attestations").mkdir()
    (site.path / file).write_text("version: 7\n")
    with pytest.raises(UserError, match=rf"{file}:1: "):
        audit_site(site, PACK, Parts(("lab-az1-master01",), cluster=False, stacks=False), quiet)


def test_a_rule_that_looks_at_secrets_is_not_evaluated_on_a_cluster():
    source = cluster._source({}, pytest.fail)
    with pytest.raises(Unevaluated, match="never read"):
        source("Secret")


def test_the_difference_to_an_earlier_audit(kept, site, tmp_path, server):
    _, directory = kept
    items = [pod("good", securityContext={"privileged": True}), pod("unnamed", image=5)]
    server.answers["/api/v1/pods"] = (200, {"items": items})
    server.answers["/api/v1/services"] = (200, {"items": []})
    found = audit_site(site, PACK, WHOLE, quiet, tmp_path / "later", directory)
    lists = {
        name: {change.resource.label for change in changes if change.rule == "pod_privileged"}
        for name, changes in found.result.difference.lists()
    }
    assert lists == {
        "new": {"default/Pod/good"},
        "still_open": {"default/Pod/bad"},
        "gone": {"default/Pod/bad"},
        "fixed": set(),
        "not_judged": set(),
    }
    assert "service_node_port" in {change.rule for change in found.result.difference.gone}
    saved = json.loads((tmp_path / "later" / "findings.json").read_text())
    assert saved["difference"]["since"] == str(directory)
    text = render_audit(found, all_verdicts=False)
    assert f"since {directory}: " in text
    assert "  new: pod_privileged (fail): default/Pod/good\n" in text
    hosts_only = audit_site(site, PACK, Parts(("lab-az1-master01",), False, False), quiet, None, directory)
    assert "pod_privileged" in {change.rule for change in hosts_only.result.difference.not_judged}
    assert not hosts_only.result.difference.gone


def test_an_altered_result_is_not_compared_with(kept, site):
    _, directory = kept
    path = directory / "findings.json"
    path.write_text(path.read_text().replace('"state": "fail"', '"state": "pass"'))
    with pytest.raises(UserError, match=r"findings\.json:1: is not what was signed"):
        audit_evidence(directory, PACK, None, directory)
    unsigned(directory)
    assert audit_evidence(directory, PACK, None, directory).result.difference.new


def test_the_text_begins_with_the_risk_lists_and_what_a_person_must_attest(kept):
    found, _ = kept
    lines = render_audit(found, all_verdicts=False).splitlines()
    heads = [line for line in lines if not line.startswith(" ")][:4]
    assert [head.partition(" ")[0] for head in heads] == ["clauses:", "重大风险隐患", "高风险", "需人工证明"]
    hazards = lines[lines.index(heads[1]) + 1 : lines.index(heads[2])]
    assert hazards
    assert all(found.catalogue.rows[line.split()[1]].major_hazard for line in hazards)
    attest = lines[lines.index(heads[3]) + 1 :]
    assert any(line.startswith("  fire_inspection (") and "8.1.1.5-a" in line for line in attest)
    assert lines[-1].startswith("audit: FAILED (high-risk clauses of 2025: ")


@pytest.fixture
def clean(kept):
    """The same audit as if every clause conformed and nothing failed."""
    found, _ = kept
    clauses = {name: replace(c, state=ClauseState.CONFORMS, unattested=False) for name, c in found.clauses.items()}
    return replace(found, result=replace(found.result, verdicts=()), clauses=clauses)


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("state", list(ClauseState))
def test_a_high_risk_clause_decides_the_exit_code(clean, state, high):
    assert clean.exit_code == 0
    assert "all hold" in render_audit(clean, all_verdicts=False)
    clause = next(row.id for row in clean.catalogue.rows.values() if bool(row.high_risk_2025) is high)
    changed = replace(clean, clauses={**clean.clauses, clause: replace(clean.clauses[clause], state=state)})
    stops = high and state in (ClauseState.DOES_NOT_CONFORM, ClauseState.NOT_CHECKED)
    assert changed.exit_code == int(stops)
    assert ("audit: passed" in render_audit(changed, all_verdicts=False)) is not stops


def test_the_time_of_an_audit_is_that_of_its_last_part(tmp_path):
    assert Evidence().taken == ""
    with pytest.raises(UserError, match="no time"):
        _ = Evidence().day
    for name, hour in (("a", 5), ("b", 4)):
        records.save(tmp_path, records.HostRecord(name, f"2026-11-28T0{hour}:00:00+00:00"))
    kept = Evidence(hosts=records.Saved(tmp_path))
    assert kept.taken == "2026-11-28T05:00:00+00:00"
    assert kept.day == date(2026, 11, 28)


def test_one_host_at_a_time_is_in_memory(tmp_path, monkeypatch):
    alive = []

    def load_one(home):
        alive.append(weakref.ref(made := records.HostRecord(home.name, "2026-11-28T04:00:00+00:00")))
        assert sum(ref() is not None for ref in alive) <= 2
        return made

    for number in range(20):
        records.save(tmp_path, records.HostRecord(f"h{number:02}", "2026-11-28T04:00:00+00:00"))
    monkeypatch.setattr(records, "load_one", load_one)
    result = hosts.judge(rules().values(), records.Saved(tmp_path))
    assert result.objects == len(alive) == 20
