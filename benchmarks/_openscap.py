"""OpenSCAP with Debian's own content: made to apply to Debian 12, read rule by rule."""

import re
import sys
from collections import defaultdict
from xml.etree import ElementTree

CONTENT = "/usr/share/xml/scap/ssg/content/ssg-debian11-ds.xml"
"""The newest content of Debian 12's package ssg-debian, for Debian 11: on Debian 12 every rule is `notapplicable`."""
EVERY_RULE = "every_rule"
"""The scope of all rules of the content, whatever a profile selects."""
SCOPES = ("anssi_np_nt28_high", "standard", EVERY_RULE)
"""The two widest profiles, which have all rules of the other three, and every rule."""
OPEN_RESULTS = ("fail", "error", "unknown", "notchecked", "without_result")
"""What is not shown to be right: `notchecked` rules have no check that a program could run."""
_RULE = "xccdf_org.ssgproject.content_rule_"
_PROFILE = "xccdf_org.ssgproject.content_profile_"
_OWN_PROFILE = "xccdf_io.yiyun_profile_every_rule"
_XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
_RELEASE = re.compile(
    r"(<ind:textfilecontent54_object\b[^>]*\bid=\"oval:ssg-obj_debian_11:obj:1\"[^>]*>\s*"
    r"<ind:filepath>/etc/debian_version</ind:filepath>\s*<ind:pattern\b[^>]*>\^)11(?=\.)",
)


def for_debian_12(content: str) -> str:
    """The content with its check of the operating system asking for release 12. Nothing else is changed."""
    edited, places = _RELEASE.subn(r"\g<1>12", content)
    if not places:
        sys.exit(f"{CONTENT}: no check of /etc/debian_version for release 11 as ssg-debian 0.1.65 has it")
    return edited


def tailoring(content: str) -> str:
    """An XCCDF tailoring with one profile that selects every rule of the content."""
    root = ElementTree.Element(f"{_XCCDF}Tailoring", id="xccdf_io.yiyun_tailoring_every_rule")
    ElementTree.SubElement(root, f"{_XCCDF}version", time="2026-01-01T00:00:00").text = "1"
    profile = ElementTree.SubElement(root, f"{_XCCDF}Profile", id=_OWN_PROFILE)
    ElementTree.SubElement(profile, f"{_XCCDF}title").text = "Every rule"
    for rule in rules(content):
        ElementTree.SubElement(profile, f"{_XCCDF}select", idref=rule, selected="true")
    ElementTree.indent(root)  # the scanner skips every other element where no blank stands between two
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def argv(content: str, scope: str, tailored: str, output: str) -> str:
    """The command that judges one scope; files lie on the host. It ends with 2 where a rule failed."""
    chosen = (
        f"--tailoring-file {tailored} --profile {_OWN_PROFILE}"
        if scope == EVERY_RULE
        else f"--profile {_PROFILE}{scope}"
    )
    return f"oscap xccdf eval {chosen} --results {output} {content}"


def results(output: str) -> dict[str, list[str]]:
    """Short names of the rules that were selected, by result (`pass`, `fail`, `notapplicable`, ...), sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for judged in _parsed(output).iter(f"{_XCCDF}rule-result"):
        result = judged.findtext(f"{_XCCDF}result", "")
        if result != "notselected":
            found[result].append(short(judged.get("idref", "")))
    return {result: sorted(rules) for result, rules in sorted(found.items())}


def remaining(judged: dict[str, list[str]]) -> set[str]:
    """Rules of one scope that did not show the host to be right."""
    return {rule for result in OPEN_RESULTS for rule in judged.get(result, ())}


def short(rule: str) -> str:
    """The part of a rule's id that names it."""
    return rule.removeprefix(_RULE)


def rules(content: str) -> list[str]:
    """Ids of all rules of the content."""
    return [rule.get("id", "") for rule in _parsed(content).iter(f"{_XCCDF}Rule")]


def _parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 -- from Debian's package, or from its scanner on a host of our own
