"""What the kernel's audit system records, as rules see it."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts, Host
from yiyun.compliance.model import Finding


def running(host: Host) -> Facts:
    """State of the audit system. Raises Unevaluated without one: that is rule auditd_records's finding."""
    audit = host.facts("audit")
    if not audit.flag("installed"):
        raise Unevaluated("the audit system is not installed (rule auditd_records)")
    return audit.facts("status")


def unwatched(host: Host, paths: Iterable[str]) -> Iterator[Finding]:
    """A finding for each path of which writing and changes of attributes are not recorded for everybody."""
    watched = _what(host, "watched")
    for path in paths:
        if not any(path == watch or path.startswith(f"{watch}/") for watch in watched):
            yield Finding(f"writing to {path} is not recorded", "audit.watched", path)


def unrecorded(host: Host, calls: Iterable[str], exits: Iterable[str] = ()) -> Iterator[Finding]:
    """A finding for each system call that is not recorded for every person; with `exits`, when it ends so."""
    recorded = set(_what(host, "recorded"))
    for call in calls:
        if recorded & {call, "all"}:
            continue
        missing = [end for end in exits if f"{call} {end}" not in recorded]
        if missing or not exits:
            what = f" that ends with {' or '.join(missing)}" if exits else ""
            yield Finding(f"the system call {call}{what} is not recorded for everybody", "audit.recorded", call)


def _what(host: Host, kind: str) -> list[str]:
    if running(host).number("enabled") not in (1, 2):
        raise Unevaluated("the audit system is off, whatever its rules say (rule auditd_records)")
    audit = host.facts("audit")
    if audit.number("hiding") != 0:
        raise Unevaluated("audit.hiding: a rule leaves records out; what it hides from the others is not known")
    return audit.texts(kind)
