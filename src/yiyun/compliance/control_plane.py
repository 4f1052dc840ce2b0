"""The control plane of a cluster, as rules see it on the host where it runs."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding

NAMES = {"apiserver": "API server", "manager": "controller manager", "scheduler": "scheduler", "etcd": "etcd"}
RECORDING = ("Metadata", "Request", "RequestResponse")
"""Levels at which something is recorded, the least first."""
PEOPLE = ("system:authenticated", "system:masters")
"""Groups of the name `system:` in which persons are."""
NOT_STRONG = ("_CBC_", "_RC4_", "_3DES_", "TLS_RSA_")
"""Parts of the names of ciphers that are weak, or whose records can be read once the server's key is known."""


def component(host: Host, name: str) -> Facts:
    """What a component runs with. Raises NotApplicable where it does not run."""
    found = host.facts("control_plane").maybe_facts(name)
    if found is None:
        raise NotApplicable(f"no {NAMES[name]} runs here")
    return found


def weak_tls(found: Facts) -> Iterator[Finding]:
    """Findings for an old TLS, and for ciphers that are not strong."""
    minimum = found.text("tls_minimum")
    if minimum not in ("TLS12", "TLS13"):
        yield Finding(f"speaks {shown(minimum)}", found.at("tls_minimum"), minimum)
    ciphers = found.texts("tls_ciphers")
    if minimum != "TLS13" and not ciphers:
        yield Finding("takes every cipher of TLS 1.2 that it knows", found.at("tls_ciphers"))
    weak = [cipher for cipher in ciphers if any(part in cipher for part in NOT_STRONG)]
    if weak:
        yield Finding(f"takes {shown(', '.join(weak))}", found.at("tls_ciphers"), ", ".join(weak))


def audit_rules(host: Host) -> list[Facts]:
    """The audit policy that the API server runs with. Raises Unevaluated where there is none, or it was not read."""
    audit = component(host, "apiserver").facts("audit")
    if not audit.texts("sinks") or not audit.there("rules"):
        raise Unevaluated("the API server writes no audit log (rule apiserver_audit_log)")
    if audit.flag("stale"):
        raise Unevaluated("the audit policy has changed since the API server was started")
    return audit.items("rules")


def level(rules: Iterable[Facts], verb: str, group: str, resource: str) -> str:
    """Least level at which what a person does is recorded, whoever it is and in whatever namespace; `None` for not at all.

    A rule that concerns some persons or names only can let them go unrecorded, but vouches for nobody else.
    """
    for rule in rules:
        if not _concerns(rule, verb, group, resource):
            continue
        found = rule.text("level")
        if found not in RECORDING or not rule.flag("ends"):
            return "None"
        if _everybody(rule):
            return found
    return "None"


def most(rules: Iterable[Facts], verb: str, group: str, resource: str) -> str:
    """Highest level at which anybody's doing of it is recorded, up to the rule that concerns everybody."""
    found = "None"
    for rule in rules:
        if not _concerns(rule, verb, group, resource, everyone=True):
            continue
        each = rule.text("level")
        if each in RECORDING and (found == "None" or RECORDING.index(each) > RECORDING.index(found)):
            found = each
        if _everybody(rule):
            break
    return found


def _concerns(rule: Facts, verb: str, group: str, resource: str, *, everyone: bool = False) -> bool:
    """Whether a rule can be the first that a request of a person (`everyone`: of anybody) meets."""
    users, groups, verbs = rule.texts("users"), rule.texts("userGroups"), rule.texts("verbs")
    persons = everyone or not (users or groups) or any(_personal(name) for name in (*users, *groups))
    return persons and (not verbs or verb in verbs) and _resource(rule, group, resource)


def _personal(name: str) -> bool:
    return name in PEOPLE or not name.startswith("system:")


def _resource(rule: Facts, group: str, resource: str) -> bool:
    named = rule.items("resources")
    if not named:
        return not rule.texts("nonResourceURLs")
    return any(
        each.text("group") == group and (not each.texts("resources") or _named(each.texts("resources"), resource))
        for each in named
    )


def _named(patterns: Iterable[str], resource: str) -> bool:
    """`pods` is not `pods/exec`; `*` is every resource, `pods/*` one with all its parts, `*/exec` one part of all."""
    whole, slash, sub = resource.partition("/")
    wanted = {"*", resource, f"{whole}/*", *([f"*/{sub}"] if slash else [])}
    return not wanted.isdisjoint(patterns)


def _everybody(rule: Facts) -> bool:
    groups = rule.texts("userGroups")
    return (
        not rule.texts("users")
        and (not groups or "system:authenticated" in groups)
        and not rule.texts("namespaces")
        and not any(each.texts("names") for each in rule.items("resources"))
    )
