"""Cases of rules of scope `host`: tests/unit/rules/<rule_id>/{pass,fail}*.yaml.

    from: debian-12-hardened        a directory of tests/recorded/hosts: what every probe said there
    written: kubeadm                a directory of tests/unit/written_hosts: outputs written for the tests, one file a probe
    replace:                        a recorded or written output with one text exchanged, which must be there exactly once
      sshd: {"permitrootlogin no": "permitrootlogin yes"}
    say:                            whole outputs, written for the test or recorded elsewhere (then said so)
      audit: |
        == status
        ...
    host: lab-az1-01                its name, where the rule compares it with hosts.yaml
    survives:                       of a passing case: facts whose loss or change need not end the pass, with the reason
      "sysctls.ipv4.*.rp_filter": both 1 and 2 are filters

A failing case begins with `# expect: TEXT`, a part of the message it must bring.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from yiyun.compliance.host import Host
from yiyun.evidence.hosts import probes, records
from yiyun.evidence.hosts.facts import Output
from yiyun.evidence.hosts.records import HostRecord
from yiyun.paths import CHECKOUT

RECORDED = CHECKOUT / "tests" / "recorded" / "hosts"
WRITTEN = Path(__file__).parent / "written_hosts"
EMPTY = HostRecord("written", "2026-01-01T00:00:00+00:00")


@cache
def recorded(name: str) -> HostRecord:
    return records.load_one(RECORDED / name)


@cache
def content(file: Path) -> dict[str, Any]:
    """The case as plain data."""
    found = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    assert set(found) <= {"from", "written", "replace", "say", "host", "survives"}, f"{file}: {sorted(found)}"
    return dict(found)


def record_of(file: Path) -> HostRecord:
    """What the probes said on the host of a case."""
    case = content(file)
    kept = recorded(case["from"]) if "from" in case else EMPTY
    sections = dict(kept.sections)
    for path in sorted((WRITTEN / case["written"]).glob("*.txt")) if "written" in case else ():
        sections[path.stem] = Output(path.read_text(), 0)
    for probe, changes in case.get("replace", {}).items():
        text = sections[probe].text
        for old, new in changes.items():
            assert text.count(old) == 1, f"{file}: {old!r} stands {text.count(old)} times in {probe}"
            text = text.replace(old, new)
        sections[probe] = Output(text, sections[probe].status)
    for probe, text in case.get("say", {}).items():
        sections[probe] = Output(text, 0)
    return replace(kept, sections=sections, container="")


def facts_of(file: Path, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Facts of the host of a case, of these probes."""
    known = probes.load()
    return records.facts(record_of(file), {name: known[name] for name in names})


def host_of(file: Path, names: tuple[str, ...]) -> Host:
    """The host of a case as rules see it. It lacks nothing: what a container cannot show is another test's concern."""
    return Host(name_of(file), facts_of(file, names))


def name_of(file: Path) -> str:
    """Name of the host of a case."""
    return str(content(file).get("host", "case"))
