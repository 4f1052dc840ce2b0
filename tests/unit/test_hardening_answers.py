"""docs/hardening-answers.md can be read and claims nothing that is not there; both tools are read finding by finding."""

import re

import _answers
import _lynis
import _openscap
import pytest
import yaml

from yiyun.paths import CHECKOUT

ANSWERS = _answers.read(_answers.PAGE.read_text(encoding="utf-8"))
ROWS = [(tool, answer) for tool, answers in ANSWERS.items() for answer in answers]
WELL_FORMED = {"yiyun": r"[a-z_]+", "openscap": r"[A-Za-z][\w-]+", "lynis": r"[A-Z]{2,5}-\d{4}( \S+)?|LYNIS"}


@pytest.mark.parametrize(("tool", "answer"), ROWS, ids=[answer.findings[0] for _, answer in ROWS])
def test_an_answer_is_well_formed_and_names_what_exists(tool: str, answer: _answers.Answer) -> None:
    assert all(re.fullmatch(WELL_FORMED[tool], finding) for finding in answer.findings)
    text = f"{answer.why} {answer.instead}"
    for role in re.findall(r"roles/(\w+)", text):
        assert (CHECKOUT / "roles" / role).is_dir(), role
    for page in re.findall(r"docs/[\w-]+\.md", text):
        assert (CHECKOUT / page).is_file(), page


def test_no_finding_is_answered_twice() -> None:
    for answers in ANSWERS.values():
        assert len(_answers.named(answers)) > 10


def test_settings_of_the_kernel_that_a_lab_cannot_show_are_promised_for_machines() -> None:
    settings = yaml.safe_load((CHECKOUT / "roles/sysctl/defaults/main.yml").read_text(encoding="utf-8"))
    promised = {re.sub(r"\W", "_", key) for key in settings["sysctl_kernel"]}
    asked = {
        re.sub(r"\W", "_", re.sub(r"^(sysctl_|KRNL-6000 )", "", finding))
        for _, answer in ROWS
        if answer.why.startswith("lab") and answer.instead.startswith("roles/sysctl")
        for finding in answer.findings
    }
    assert len(asked) > 5
    assert asked <= promised


PAGE = """## OpenSCAP
| `old`, `kept` | because | `good` and `bad` pass |
## Lynis
| `ABCD-1234` | because | roles/base |
"""


def test_a_run_that_the_page_does_not_answer_is_told() -> None:
    answers = _answers.read(PAGE)
    wrong = _answers.complaints(answers, {"openscap": ["kept", "fresh"], "lynis": ["ABCD-1234"]}, ["good"])
    assert wrong == [
        "openscap: fresh remains: mend it in a role, or say why not in docs/hardening-answers.md",
        "docs/hardening-answers.md:2: openscap does not find old any more: take the answer out",
        "docs/hardening-answers.md:2: bad does not pass",
    ]
    assert not _answers.complaints(answers, {"openscap": ["kept", "old"], "lynis": ["ABCD-1234"]}, ["good", "bad"])


def test_a_row_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match=r"hardening-answers\.md:3: write"):
        _answers.read("## Lynis\n\n| `ABCD-1234` | because |\n")
    with pytest.raises(ValueError, match="is answered in line 2 already"):
        _answers.named(_answers.read("## Lynis\n| `A` | b | c |\n| `A` | d | e |\n")["lynis"])


CONTENT = """<ds>
<ind:textfilecontent54_object id="oval:ssg-obj_debian_11:obj:1" version="1">
  <ind:filepath>/etc/debian_version</ind:filepath>
  <ind:pattern operation="pattern match">^11.[0-9]+$</ind:pattern>
</ind:textfilecontent54_object></ds>"""


def test_only_the_check_of_the_release_is_edited() -> None:
    assert _openscap.for_debian_12(CONTENT) == CONTENT.replace("^11.", "^12.")
    with pytest.raises(SystemExit, match="no check of /etc/debian_version"):
        _openscap.for_debian_12(CONTENT.replace("debian_11", "debian_10"))


def test_results_that_show_nothing_remain() -> None:
    given = {"a": "pass", "b": "fail", "c": "notchecked", "d": "error"}
    given |= {"e": "notapplicable", "f": "notselected", "g": "unknown"}
    judged = "".join(
        f'<rule-result idref="xccdf_org.ssgproject.content_rule_{name}"><result>{result}</result></rule-result>'
        for name, result in given.items()
    )
    found = _openscap.results(f'<TestResult xmlns="http://checklists.nist.gov/xccdf/1.2">{judged}</TestResult>')
    assert found["notapplicable"] == ["e"]
    assert "notselected" not in found
    assert _openscap.remaining(found) == {"b", "c", "d", "g"}


REPORT = """hardening_index=70
tests_executed=AAAA-0001|BBBB-0002|
tests_skipped=CCCC-0003|
warning[]=AAAA-0001|This is open|-|-|
suggestion[]=BBBB-0002|Put /home elsewhere|-|-|
suggestion[]=BBBB-0002|Put /var elsewhere|-|-|
suggestion[]=DDDD-0004|Harden it|MaxThings (set 10 to 2)|-|
suggestion[]=EEEE-0005|Some values differ||Change them|
details[]=EEEE-0005|sysctl|desc:x;field:kernel.sysrq;prefval:0;value:1;|
"""


def test_a_report_of_lynis_is_read_finding_by_finding() -> None:
    report = _lynis.read(REPORT)
    assert (report.index, report.executed, report.skipped) == (70, ("AAAA-0001", "BBBB-0002"), ("CCCC-0003",))
    assert report.findings == {
        "AAAA-0001",
        "BBBB-0002 /home",
        "BBBB-0002 /var",
        "DDDD-0004 MaxThings",
        "EEEE-0005",
        "EEEE-0005 kernel.sysrq",
    }


def test_a_run_of_lynis_that_was_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="did not come to its end"):
        _lynis.read(REPORT.replace("hardening_index", "other"))
