"""One setting, in both directions, and the judging of one of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from shipped import site

from yiyun.compliance.engine import judge_host
from yiyun.compliance.host import Host
from yiyun.compliance.loader import load_rules
from yiyun.compliance.model import Verdict
from yiyun.compliance.rule import Rule
from yiyun.evidence.hosts import probes, records
from yiyun.evidence.hosts.facts import Output
from yiyun.evidence.hosts.records import HostRecord
from yiyun.paths import CHECKOUT

RECORDED = CHECKOUT / "tests" / "recorded" / "hosts"

Files = Mapping[str, str | None]
"""Text by path; None: no such file."""


@dataclass(frozen=True)
class Side:
    """One direction: what stands in the files, and what the probes print of the state."""

    files: Files
    says: Mapping[str, str | Callable[[], str]]
    """Whole output by probe. A function makes it by running the collector's own command over the files."""
    shows: tuple[str, ...] = ()
    """Lines that the real program must print for the files, where the case names one."""
    then: str = ""
    """Shell: what somebody did beside the files, such as `sysctl --write`."""


@dataclass(frozen=True)
class Case:
    """One setting of one rule."""

    rule: str
    setting: str
    finding: str
    """Part of the message with which the rule fails."""
    looks_right: Side
    looks_wrong: Side
    programs: str = ""
    """Which real programs can be given the files; empty: none of them can run beside another system (the module says why)."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """What must fail, then what must pass."""
        return self.looks_right, self.looks_wrong


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by id."""
    return {rule.id: rule for rule in load_rules(CHECKOUT / "policies" / "mlps3")}


@cache
def recorded(name: str = "debian-12-hardened") -> HostRecord:
    """What every probe said on a recorded host."""
    return records.load_one(RECORDED / name)


def said(probe: str, host: str = "debian-12-hardened") -> str:
    """What one probe said on a recorded host."""
    return recorded(host).sections[probe].text


def exchanged(text: str, old: str, new: str) -> str:
    """A text with one part exchanged, which must be there exactly once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def with_line(text: str, start: str, line: str) -> str:
    """A text in which the only line that begins so is another one."""
    changed, count = re.subn(rf"^{re.escape(start)}.*$", lambda _: line, text, flags=re.MULTILINE)
    assert count == 1, f"{count} lines begin with {start!r}"
    return changed


def verdicts(rule_id: str, says: Mapping[str, str | Callable[[], str]]) -> list[Verdict]:
    """What a rule says of the hardened host of the recordings, on which some probes said something else."""
    rule = rules()[rule_id]
    sections = dict(recorded().sections)
    for probe, text in says.items():
        sections[probe] = Output(text if isinstance(text, str) else text(), 0)
    known = {name: probes.load()[name] for name in rule.probes}
    facts = records.facts(replace(recorded(), sections=sections, container=""), known)
    return judge_host([rule], Host("case", facts), site("lab"))
