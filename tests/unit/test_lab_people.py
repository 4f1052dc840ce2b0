"""Rights: `auditor` and `ci` get kinds by name; no Secrets, no subresources, no wildcard, no way around the policy."""

import pytest

from yiyun import crds
from yiyun.lab import people

KINDS = crds.read().kinds
ROLES = {role["metadata"]["name"]: role for role in people.roles(KINDS)}


def rights(name):
    """All (group, resource, verb) that a role grants."""
    return {
        (group, resource, verb)
        for rule in ROLES[name]["rules"]
        for group in rule.get("apiGroups", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("name", sorted(ROLES))
def test_no_role_has_a_wildcard_or_secrets(name):
    granted = rights(name)
    assert not any("*" in part for right in granted for part in right)
    assert not any(group == "" and resource.startswith("secrets") for group, resource, _ in granted)


@pytest.mark.parametrize("name", ["yiyun:auditor", "yiyun:ci"])
def test_people_have_no_subresource(name):
    """No nodes/proxy (it allows exec), no exec, attach, port-forward, no tokens."""
    assert not any("/" in resource for _, resource, _ in rights(name))
    assert not any(rule.get("nonResourceURLs") for rule in ROLES[name]["rules"])


def test_auditor_reads_every_kind_and_writes_none():
    granted = rights("yiyun:auditor")
    assert {verb for _, _, verb in granted} == {"get", "list", "watch"}
    for kind in KINDS:
        assert {(kind.group, kind.plural, verb) for verb in people.READ} <= granted


def test_ci_may_dry_run_every_kind():
    granted = rights("yiyun:ci")
    for kind in KINDS:
        assert {(kind.group, kind.plural, verb) for verb in people.READ} <= granted


def test_ci_cannot_reach_the_policy_or_more_rights():
    writes = {(group, resource) for group, resource, verb in rights("yiyun:ci") if verb not in people.READ}
    assert {verb for _, _, verb in rights("yiyun:ci")} == {*people.READ, *people.DRY_RUN_WRITE}
    # The API server exempts these groups from admission policies: a write there would be a real one.
    assert not {group for group, _ in writes} & {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
    }


def test_policy_matches_every_write_and_connect_of_ci_only():
    policy, binding = people.ci_policy()
    spec = policy["spec"]
    (rule,) = spec["matchConstraints"]["resourceRules"]
    assert rule["operations"] == ["CREATE", "UPDATE", "DELETE", "CONNECT"]
    assert (rule["apiGroups"], rule["apiVersions"], rule["resources"], rule["scope"]) == (["*"], ["*"], ["*/*"], "*")
    assert spec["failurePolicy"] == "Fail"
    assert [each["expression"] for each in spec["matchConditions"]] == ["'yiyun:ci' in request.userInfo.groups"]
    assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}


def test_simulated_nodes_may_touch_nodes_and_pods_only():
    resources = {resource.partition("/")[0] for _, resource, _ in rights("yiyun:kwok")}
    assert resources == {"nodes", "pods", "events", "leases"}


def test_rules_of_one_group_are_one_rule():
    made = people.rules({"": ("pods",)}, KINDS[:1], ["get"])
    assert [rule["apiGroups"] for rule in made] == [[""], [KINDS[0].group]]
