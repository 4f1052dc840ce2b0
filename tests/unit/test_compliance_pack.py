"""Loading a pack: what is refused, by name of the file."""

import shutil

import pytest

from yiyun.compliance.loader import load_rules
from yiyun.errors import UserError
from yiyun.paths import CHECKOUT

RULE = CHECKOUT / "policies/mlps3/rules/container_isolation/pod_privileged.py"


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "rules" / "family").mkdir(parents=True)
    shutil.copy(RULE, tmp_path / "rules" / "family" / "pod_privileged.py")
    return tmp_path


def test_a_file_is_a_rule(pack):
    (only,) = load_rules(pack)
    assert only.id == "pod_privileged"


def test_a_rule_is_added_by_adding_a_file(pack):
    text = RULE.read_text().replace("def pod_privileged", "def pod_more")
    (pack / "rules" / "family" / "pod_more.py").write_text(text)
    assert [rule.id for rule in load_rules(pack)] == ["pod_more", "pod_privileged"]


def test_a_changed_file_is_another_rule_and_an_unchanged_one_is_run_once(pack):
    (before,) = load_rules(pack)
    assert load_rules(pack)[0] is before
    file = pack / "rules" / "family" / "pod_privileged.py"
    file.write_text(RULE.read_text().replace("No container runs privileged", "Nothing runs privileged"))
    assert load_rules(pack)[0].title_en == "Nothing runs privileged"


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("family/other_name.py", RULE.read_text(), "file and function must have one name"),
        ("family2/pod_privileged.py", RULE.read_text(), "stands already in"),
        ("family/empty.py", "", "must define exactly one rule, defines 0"),
        ("family/broken.py", "def (", "SyntaxError"),
        ("family/leaves.py", "raise SystemExit(3)", "SystemExit"),
        ("family/wrong.py", RULE.read_text().replace("pss-baseline:", ""), "ValueError: baseline"),
        (
            "family/address.py",
            RULE.read_text().replace(
                "Kubernetes: Pod Security Standards, Baseline", "https://example.invalid/standards"
            ),
            "must be names of documents",
        ),
        ("family/deep/below.py", "", "a rule lies in"),
        ("above.py", "", "a rule lies in"),
    ],
)
def test_a_broken_pack_is_refused_at_its_file(pack, file, content, complaint):
    place = pack / "rules" / file
    place.parent.mkdir(exist_ok=True, parents=True)
    place.write_text(content)
    with pytest.raises(UserError, match=complaint) as refusal:
        load_rules(pack)
    assert place.name in str(refusal.value)


def test_rules_name_the_documents_that_they_follow():
    rules = load_rules(CHECKOUT / "policies" / "mlps3")
    named = [rule for rule in rules if rule.references]
    assert len(named) >= 288, "a rule that follows a man page or an upstream document names it"
    assert all(len(set(rule.references)) == len(rule.references) for rule in rules)


def test_no_pack(tmp_path):
    with pytest.raises(UserError, match="no rules found"):
        load_rules(tmp_path)
