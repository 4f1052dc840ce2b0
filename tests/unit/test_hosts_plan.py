"""plan and converge without hosts: which roles a host gets, when it is read again, what is run, which exit code."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from role_promises import OS_RELEASES
from typer.testing import CliRunner

from yiyun import known_hosts
from yiyun.cli import hosts as cli
from yiyun.errors import UserError
from yiyun.evidence.hosts.facts import HostFacts
from yiyun.evidence.hosts.probe import Wanted
from yiyun.operations.hosts import access, adopt, converge, plan, playbook
from yiyun.paths import CHECKOUT
from yiyun.site import Site

DEBIAN = OS_RELEASES["debian-12"]


@pytest.fixture
def site(tmp_path, monkeypatch) -> Site:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Site.load(CHECKOUT / "inventories" / "lab")


class Hosts:
    """Answers instead of SSH."""

    def __init__(self, monkeypatch) -> None:
        self.facts: dict[str, HostFacts] = {}
        self.asked: list[dict[str, Wanted]] = []
        monkeypatch.setattr(plan, "collect", self.collect)

    def collect(self, ssh_config: Path, known_hosts: Path, wanted: dict[str, Wanted]) -> dict[str, HostFacts]:
        self.asked.append(dict(wanted))
        return {
            name: self.facts.get(name) or HostFacts(name, os_release=DEBIAN, container="systemd-nspawn")
            for name in wanted
        }


@pytest.fixture
def hosts(monkeypatch) -> Hosts:
    return Hosts(monkeypatch)


def test_every_role_entry_of_the_playbook_can_be_run_alone() -> None:
    found = playbook.entries()
    assert [entry.role for entry in found if entry.always] == ["identity"]
    assert len({entry.role for entry in found}) == len(found) > 3


@pytest.mark.parametrize(
    "entry",
    [
        "- sshd",
        "- {role: sshd}",
        "- {role: sshd, tags: [sshd]}",
        "- {role: sshd, tags: [ssh], when: \"'sshd' in needed\"}",
    ],
)
def test_a_role_entry_that_cannot_be_chosen_is_refused(tmp_path, entry) -> None:
    (tmp_path / "hosts.yml").write_text(f"- hosts: all\n  roles:\n    {entry}\n")
    with pytest.raises(UserError, match=r"hosts\.yml:3: "):
        playbook.entries(tmp_path / "hosts.yml")


def test_a_role_for_a_group_is_planned_for_its_hosts_only(tmp_path) -> None:
    (tmp_path / "hosts.yml").write_text(
        "- hosts: all\n  roles:\n    - {role: x, tags: [x], when: [\"'x' in needed\", \"'gateway' in group_names\"]}\n"
    )
    (entry,) = playbook.entries(tmp_path / "hosts.yml")
    assert playbook.applies(entry, {"group_names": ["gateway"]})
    assert not playbook.applies(entry, {"group_names": ["control"]})
    with pytest.raises(UserError, match=r"hosts\.yml:3: 'group_names' is undefined"):
        playbook.applies(entry, {})


def test_a_host_is_read_twice_only_while_its_system_is_unknown(site, hosts) -> None:
    first = plan.make_plan(site, ["lab-az1-02"], ["sysctl"])
    assert [sorted(asked) for asked in hosts.asked] == [["lab-az1-02"], ["lab-az1-02"]]
    assert hosts.asked[0]["lab-az1-02"] == Wanted()
    assert "/etc/sysctl.d/99-yiyun.conf" in hosts.asked[1]["lab-az1-02"].paths
    assert first[0].needed == ("sysctl",), "what was not read is unknown, and unknown must run"
    hosts.asked.clear()
    plan.make_plan(site, ["lab-az1-02"], ["sysctl"])
    assert len(hosts.asked) == 1


def test_a_host_with_another_system_than_remembered_is_judged_by_the_new_one(site, hosts) -> None:
    plan.make_plan(site, ["lab-az1-02"], ["sshd"])
    hosts.facts["lab-az1-02"] = HostFacts("lab-az1-02", os_release=OS_RELEASES["rocky-9"])
    hosts.asked.clear()
    (found,) = plan.make_plan(site, ["lab-az1-02"], ["sshd"])
    assert [asked["lab-az1-02"].units for asked in hosts.asked] == [("ssh.service",), ("sshd.service",)]
    assert "unit sshd.service" in {verdict.subject for verdict in found.roles[0].verdicts}


def test_unread_and_unknown_hosts_are_named(site, hosts) -> None:
    known_hosts.pin(access.known_hosts(site), "lab-az1-01", "198.18.0.11", "ssh-ed25519 AAAA")
    hosts.facts["lab-az1-01"] = HostFacts("lab-az1-01", problem="no answer within 90 s")
    hosts.facts["lab-az1-02"] = HostFacts("lab-az1-02", os_release="ID=plan9\n")
    found = {each.host: each for each in plan.make_plan(site, ["lab-az1-01", "lab-az1-02", "lab-az1-04"], ["sysctl"])}
    assert found["lab-az1-01"].problem == "no answer within 90 s"
    assert "operating system is not known" in (found["lab-az1-02"].problem or "")
    assert found["lab-az1-04"].problem is None
    assert json.loads(json.dumps(plan.as_json(site, found.values())))["hosts"]["lab-az1-04"]["needed"] == ["sysctl"]


def test_of_a_host_that_was_never_adopted_it_says_why_and_what_to_do(site, hosts) -> None:
    for name in ("lab-az1-01", "lab-az1-02"):
        hosts.facts[name] = HostFacts(name, problem="Host key is not trusted")
    failed = adopt.Outcome("lab-az1-02", "failed", cause="disk full: /home has 0 MiB free", remedy="free space")
    site.state_dir.mkdir(parents=True)
    (site.state_dir / "adopt.json").write_text(json.dumps([asdict(failed)]), encoding="utf-8")
    never, refused = plan.make_plan(site, ["lab-az1-01", "lab-az1-02"], ["sysctl"])
    assert never.problem == "it was never adopted; ./yiyun hosts adopt --hosts lab-az1-01"
    assert refused.problem == "it was never adopted: adopt failed, since disk full: /home has 0 MiB free; free space"
    known_hosts.pin(access.known_hosts(site), "lab-az1-02", "198.18.0.12", "ssh-ed25519 AAAA")
    (pinned,) = plan.make_plan(site, ["lab-az1-02"], ["sysctl"])
    assert pinned.problem == "Host key is not trusted: adopt failed, since disk full: /home has 0 MiB free; free space"


def test_unknown_names_are_refused(site, hosts) -> None:
    with pytest.raises(UserError, match="no host lab-az9-99"):
        plan.make_plan(site, ["lab-az9-99"])
    with pytest.raises(UserError, match="has no role sshx; it has base, "):
        plan.make_plan(site, None, ["sshx"])


def test_without_ssh_config_the_remedy_is_named(site) -> None:
    with pytest.raises(UserError, match=r"\./yiyun hosts adopt"):
        plan.make_plan(site, ["lab-az1-01"])


def test_converge_runs_only_what_is_needed_where_it_is(site, tmp_path) -> None:
    argv = converge.command(site, {"lab-az1-02": ["sysctl"], "lab-az2-02": ["base", "sysctl"]}, check=False)
    options = dict(zip(argv[1::2], argv[2::2], strict=False))
    assert "--check" not in argv
    assert argv[argv.index("--limit") + 1] == "lab-az1-02,lab-az2-02"
    assert argv[argv.index("--tags") + 1] == "sysctl,base"
    chosen = Path(argv[argv.index("--extra-vars") + 1].removeprefix("@"))
    assert json.loads(chosen.read_text()) == {
        "yiyun_needed": {"lab-az1-02": ["sysctl"], "lab-az2-02": ["base", "sysctl"]}
    }
    assert options["--inventory"] == str(site.path)
    assert converge.command(site, {"lab-az1-02": ["sysctl"]}, check=True)[-2:] == ["--check", "--diff"]


@pytest.mark.parametrize(
    ("state", "problem", "code"),
    [("kept", None, 0), ("broken", None, 1), ("unknown", None, 1), ("kept", "no answer", 1)],
)
def test_exit_codes_of_plan(site, monkeypatch, state, problem, code) -> None:
    verdict = plan.Verdict("file /a", state, "differs")
    found = [plan.HostPlan("lab-az1-02", (plan.RolePlan("sysctl", (verdict,)),), problem)]
    monkeypatch.setattr(plan, "make_plan", lambda *_: found)
    result = CliRunner().invoke(cli.app, ["plan", "--site", str(site.path), "--hosts", "lab-az1-02"])
    assert result.exit_code == code, result.output
    as_json = CliRunner().invoke(
        cli.app, ["plan", "--site", str(site.path), "--hosts", "lab-az1-02", "--format", "json"]
    )
    assert json.loads(as_json.output)["hosts"]["lab-az1-02"]["problem"] == problem


def test_converge_that_leaves_something_exits_1_and_starts_ansible_once(site, monkeypatch) -> None:
    broken = plan.HostPlan("lab-az1-02", (plan.RolePlan("sysctl", (plan.Verdict("file /a", "broken", "x"),)),))
    started: list[dict[str, list[str]]] = []
    monkeypatch.setattr(converge, "make_plan", lambda *_: [broken])
    monkeypatch.setattr(converge, "_play", lambda _site, needed, _report, check: started.append(needed) or 0)
    result = converge.converge(site, lambda _: None)
    assert started == [{"lab-az1-02": ["sysctl"]}]
    assert not result.done
    monkeypatch.setattr(converge, "make_plan", lambda *_: [plan.HostPlan("lab-az1-02")])
    assert converge.converge(site, lambda _: None).done
    assert len(started) == 1, "a host that needs nothing starts no Ansible"
