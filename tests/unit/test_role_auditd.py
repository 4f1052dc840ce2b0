"""The audit rules of role auditd: right for each architecture, and judged against what a real kernel said of them."""

import re

import pytest
from role_promises import promised

from yiyun.evidence.hosts.facts import HostFacts, Output
from yiyun.evidence.hosts.judge import judge
from yiyun.evidence.hosts.roles import RolePromises
from yiyun.paths import CHECKOUT

RECORDED = CHECKOUT / "tests" / "recorded" / "audit"
INTEL, KUNPENG, PHYTIUM = "lab-az1-01", "lab-az1-03", "lab-az1-04"
ONLY_OLD = re.compile(r"\b(open|creat|unlink|rename|rmdir|chmod|chown|lchown)\b")


def rules(host: str, **own: object) -> list[str]:
    text = promised("auditd", host, **own).contents["/etc/audit/rules.d/audit.rules"]
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_32_bit_calls_are_watched_where_there_are_any() -> None:
    assert any("arch=b32" in rule for rule in rules(INTEL))
    assert not any("arch=b32" in rule for rule in rules(KUNPENG))


def test_64_bit_arm_gets_no_call_that_it_never_had() -> None:
    for rule in rules(KUNPENG):
        for calls in re.findall(r"-S (\S+)", rule):
            assert not ONLY_OLD.search(calls), rule


def test_a_kernel_gets_no_call_that_came_later() -> None:
    assert any("openat2" in rule for rule in rules(KUNPENG))  # 5.10
    assert not any("openat2" in rule or "move_mount" in rule for rule in rules(PHYTIUM))  # 4.19


def test_locking_is_the_last_word() -> None:
    assert rules(INTEL)[-1] == "-e 1"
    assert rules(INTEL, auditd_immutable=True)[-1] == "-e 2"


def test_nothing_halts_a_host() -> None:
    config = promised("auditd", INTEL).contents["/etc/audit/auditd.conf"]
    actions = dict(re.findall(r"^(\w+_action) = (\w+)$", config, re.MULTILINE))
    assert len(actions) == 6
    assert not {action.upper() for action in actions.values()} & {"HALT", "SINGLE", "SUSPEND"}
    assert "-f 1" in rules(INTEL)


def test_the_kernel_took_every_rule() -> None:
    """The listing was recorded with these very rules (tests/recorded/README.md)."""
    listed = (RECORDED / "debian-12-amd64.auditctl-l").read_text().splitlines()
    written = [rule for rule in rules(INTEL) if rule.startswith(("-a", "-w"))]
    assert len(listed) == len(written)
    for rule in written:
        wanted = re.search(r"(-w \S+|-S \S+|msgtype=\S+|dir=\S+)", rule)
        assert wanted is not None, rule
        kind, _, names = wanted[1].replace("/var/log/audit", "/var/log").partition(" ")
        if kind == "-S":
            arch = re.search(r"arch=b\d\d", rule)[0]
            found = [line for line in listed if arch in line and same_calls(line, names)]
        else:
            watched = wanted[1].replace("/var/log/audit", "/var/log")
            # A watch is listed without the slash at its end.
            found = [line for line in listed if (watched.rstrip("/") if kind == "-w" else watched) in line]
        assert found, rule


def same_calls(line: str, names: str) -> bool:
    calls = re.search(r"-S (\S+)", line)
    return calls is not None and set(calls[1].split(",")) == set(names.split(","))


@pytest.mark.parametrize(("key", "state"), [("failure", "kept"), ("enabled", "broken"), ("backlog_limit", "kept")])
def test_the_kernel_s_state_is_judged(key: str, state: str) -> None:
    """Recorded with auditing off: only that is broken."""
    role = promised("auditd", INTEL)
    status = (RECORDED / "debian-12-amd64.auditctl-s").read_text()
    facts = HostFacts(INTEL, commands={"auditctl -s": Output(status, 0)})
    wanted = [effective for effective in role.promises.effective if effective.key == key]
    only = RolePromises(role.role, role.promises.model_copy(update={"effective": wanted}), {})
    found = [verdict.state for verdict in judge(only, facts, []) if verdict.subject == "command auditctl -s"]
    assert found == [state]


def test_a_container_proves_nothing_of_the_kernel() -> None:
    verdicts = judge(promised("auditd", INTEL), HostFacts(INTEL), ["kernel_audit"])
    asked = [verdict for verdict in verdicts if "auditctl" in verdict.subject]
    assert len(asked) > 5
    assert {verdict.state for verdict in asked} == {"not-proven"}
