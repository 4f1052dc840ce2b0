"""The audit of hosts: evidence kept and judged again, hosts that do not answer, probes that cannot be understood."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import host_cases
import pytest
from rule_cases import PACK, rules

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts, Host
from yiyun.compliance.model import State
from yiyun.errors import UserError
from yiyun.evidence.hosts import probes, records
from yiyun.evidence.hosts.facts import HostFacts, Output
from yiyun.evidence.hosts.probes import Probe, Unreadable
from yiyun.evidence.unknown import UnknownValue
from yiyun.operations.audit import audit_evidence
from yiyun.operations.audit_parts.hosts import DIRECTORY as HOSTS
from yiyun.operations.audit_parts.hosts import host_rules, judge, wanted_probes

HARDENED = "debian-12-hardened"


@pytest.fixture
def kept(tmp_path) -> Path:
    """Evidence of one host, as --out leaves it."""
    shutil.copytree(host_cases.RECORDED / HARDENED, tmp_path / HOSTS / HARDENED)
    return tmp_path


def states(directory: Path) -> dict[str, State]:
    return {
        verdict.rule: verdict.state
        for verdict in audit_evidence(directory, PACK).result.verdicts
        if verdict.resource.host
    }


def test_evidence_is_judged_again_as_it_was_kept(kept, tmp_path):
    before = states(kept)
    again = tmp_path / "again"
    records.save(again / HOSTS, records.load_one(kept / HOSTS / HARDENED))
    assert states(again) == before
    assert before["sshd_root_login"] is State.PASS
    assert set(before) == {rule.id for rule in rules().values() if rule.scope == "host" and not rule.needs_site}


def test_altered_evidence_is_not_evaluated(kept):
    file = kept / HOSTS / HARDENED / "sshd.txt"
    file.write_text(file.read_text().replace("x11forwarding no", "x11forwarding NO"))
    (verdict,) = [v for v in audit_evidence(kept, PACK).result.verdicts if v.rule == "sshd_root_login"]
    assert verdict.state is State.NOT_EVALUATED
    assert "altered" in verdict.message


def test_what_a_lab_host_cannot_show_is_named(kept):
    verdicts = {v.rule: v for v in audit_evidence(kept, PACK).result.verdicts}
    assert verdicts["kernel_aslr"].state is State.NOT_EVALUATED
    assert "container" in verdicts["kernel_aslr"].message


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "other/1"}', '{"schema": "yiyun.host-evidence/1"}'])
def test_what_is_no_evidence_is_refused_at_its_file(kept, content):
    (kept / HOSTS / HARDENED / "host.json").write_text(content)
    with pytest.raises(UserError, match=r"host\.json:1: "):
        audit_evidence(kept, PACK)


def test_an_empty_directory_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no evidence"):
        audit_evidence(tmp_path, PACK)


def test_a_probe_cannot_be_read_from_outside_of_its_directory(kept):
    path = kept / HOSTS / HARDENED / "host.json"
    about = json.loads(path.read_text())
    about["sections"]["../../secret"] = about["sections"]["sshd"]
    path.write_text(json.dumps(about))
    with pytest.raises(UserError, match="no probe is named"):
        audit_evidence(kept, PACK)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "cut off"),
        (Output("", 124), "no answer in time"),
        (Output("", 137), "no answer in time"),
        (Output("", 3), "ended with status 3"),
        (Output("garbage\x00\udcff", 0), "cannot be understood"),
        (Output("", 0), "cannot be understood"),
    ],
)
def test_every_probe_says_why_it_has_no_facts(output, said):
    known = probes.load()
    sections = {} if output is None else dict.fromkeys(known, output)
    record = records.HostRecord("host", "2026-01-01T00:00:00+00:00", sections=sections)
    for name, facts in records.facts(record, known).items():
        if name in LEGITIMATELY_EMPTY and output is not None and not output.status and not output.text:
            continue
        assert isinstance(facts, UnknownValue), name
        assert said in facts.reason, name


LEGITIMATELY_EMPTY = {"firewall": "nftables without a chain at the input hook"}


def test_an_unreachable_host_leaves_the_others_judged():
    good = records.load_one(host_cases.RECORDED / HARDENED)
    away = records.HostRecord("away", good.taken, problem="no answer within 90 s")
    result = judge(host_rules(rules().values()), [away, good])
    missing = [v for v in result.verdicts if v.resource.host == "away"]
    assert {(v.state, v.message) for v in missing} == {(State.NOT_EVALUATED, "no answer within 90 s")}
    assert len(missing) * 2 == len(result.verdicts)
    assert result.exit_code == 1


def test_a_parser_that_breaks_harms_its_own_probe_only():
    def broken(text: str) -> dict[str, object]:
        raise KeyError(text)

    found = records.facts(
        records.HostRecord("host", "", sections={"a": Output("x", 0), "b": Output("x", 0)}),
        {"a": Probe("true", broken), "b": Probe("true", lambda text: {"said": text})},
    )
    assert found["b"] == {"said": "x"}
    assert isinstance(found["a"], UnknownValue)


def test_the_collector_keeps_what_it_was_asked_for():
    known = probes.load()
    found = HostFacts("host", container="systemd-nspawn", commands={known["sshd"].command: Output("said", 0)})
    record = records.record(found, known, "2026-01-01T00:00:00+00:00")
    assert record.sections == {"sshd": Output("said", 0)}
    assert replace(record, sections={}).container == "systemd-nspawn"


def test_deep_probes_are_left_out_unless_asked_for():
    fast = wanted_probes(host_rules(rules().values()), deep=False)
    assert {probe.tier for probe in fast.values()} == {"fast"}


def test_no_password_hash_leaves_a_host(tmp_path):
    """The probe itself, on files with seeded hashes in every place where one may stand."""
    canary = "CANARYcanaryCANARY"
    (tmp_path / "shadow").write_text(
        f"root:$y$j9T${canary}$x:20000:0:90:7:::\na:!$6${canary}:20000::::::\nb:{canary}:20000::::::\nc::20000::::::\n"
    )
    getent = tmp_path / "getent"
    getent.write_text(
        f"#!/bin/sh\ncase $1 in passwd) printf '%s\\n' 'root:x:0:0:Name {canary}:/root:/bin/sh' "
        f"'old:$1${canary}:7:7::/:/bin/sh' ;; group) echo 'root:{canary}:0:' ;; esac\n"
    )
    getent.chmod(0o755)
    command = probes.load()["accounts"].command.replace("/etc/shadow", str(tmp_path / "shadow"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"PATH={tmp_path}:$PATH\n{command}"], capture_output=True, text=True, check=True, timeout=60
    )
    assert canary not in done.stdout
    facts = probes.load()["accounts"].parse(done.stdout)
    assert {account["name"]: account["password"] for account in facts["accounts"]} == {"root": "yescrypt", "old": "md5"}


@pytest.mark.parametrize("name", sorted(probes.load()))
def test_commands_are_shell(name):
    done = subprocess.run(
        ["/bin/sh", "-n", "-c", probes.load()[name].command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


SSHD = """== match
{match}== read
now 1795829100111364807 2667.36 2040313231
1795828464.873991969 /etc/ssh/sshd_config
{logins}"""
LOGIN = "== login {name}\nport 22\npermitrootlogin {root}\nx11forwarding {x11}\n"


def sshd(match: str, **x11: str) -> Host:
    logins = "".join(LOGIN.format(name=name, root="no", x11=value) for name, value in x11.items())
    return Host("case", {"sshd": probes.load()["sshd"].parse(SSHD.format(match=match, logins=logins))})


@pytest.mark.parametrize(
    ("match", "x11", "state"),
    [
        ("", {"root": "no"}, State.PASS),
        ("Match User wang\n", {"root": "no", "wang": "no"}, State.PASS),
        ("Match User wang\n", {"root": "no", "wang": "yes"}, State.FAIL),
        ("Match Group admins\n", {"root": "no", "li": "no"}, State.PASS),
        ("Match all\n", {"root": "no"}, State.PASS),
        ("Match Address 10.0.0.0/8\n", {"root": "no"}, State.NOT_EVALUATED),
        ("Match User wang Address 10.0.0.0/8\n", {"root": "no"}, State.NOT_EVALUATED),
        ("Match LocalPort=2222\n", {"root": "no"}, State.NOT_EVALUATED),
        ("Match Address 10.0.0.0/8\n", {"root": "no", "wang": "yes"}, State.FAIL),
    ],
)
def test_match_blocks_count_for_those_whom_they_name(match, x11, state):
    from yiyun.compliance.engine import judge_host

    (verdict,) = judge_host([rules()["sshd_x11_forwarding"]], sshd(match, **x11))
    assert verdict.state is state, verdict.message


def test_too_many_logins_are_refused():
    with pytest.raises(Unreadable, match="more than 40 accounts"):
        sshd("Match User a\n", root="no", **{f"u{index}": "no" for index in range(40)})


def test_facts_tell_absent_from_unknown():
    facts = Facts({"none": None, "text": "x", "later": UnknownValue("gave no answer")}, "probe")
    assert facts.maybe_text("none") is None
    assert not facts.there("none")
    for read in (facts.text, facts.maybe_text, facts.there, facts.number, facts.flag, facts.items, facts.maybe_facts):
        for key in ("missing", "later"):
            with pytest.raises(Unevaluated, match=f"probe.{key}"):
                read(key)
    with pytest.raises(Unevaluated, match="must be a whole number, is text"):
        facts.number("text")
