"""Kernel parameters as they are in force, for the machine and for its network interfaces."""

from collections.abc import Callable, Iterator, Sequence

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding


def value_in(host: Host, key: str, wanted: Sequence[str], *, absent: str = "") -> Iterator[Finding]:
    """A finding when a parameter has another value. `absent`: why a kernel without it is a fail; empty: not applicable."""
    values = host.facts("sysctls").facts("values")
    value = values.maybe_text(key)
    if value is None and not absent:
        raise NotApplicable(f"this kernel has no {key}")
    if value is None:
        yield Finding(absent, values.at(key))
    elif value not in wanted:
        yield Finding(f"{key} is {shown(value)}; wanted {' or '.join(wanted)}", values.at(key), value)


def interfaces(host: Host, family: str) -> Iterator[tuple[str, Facts, Facts]]:
    """Name, own parameters and those of `all` for each network interface, and for those that will come (`default`).

    Raises NotApplicable where the kernel has no such family.
    """
    every = host.facts("sysctls").maybe_facts(family)
    if every is None:
        raise NotApplicable(f"this kernel has no {family}")
    shared, found = every.facts("all"), every.items("interfaces")
    if not found:
        raise Unevaluated(f"{every.at('interfaces')}: no interface is known")
    for own in found:
        yield own.text("name"), own, shared


def on_every_interface(host: Host, family: str, wrong: Callable[[Facts, Facts], bool], what: str) -> Iterator[Finding]:
    """A finding for each interface on which `wrong` (own parameters, those of `all`) holds."""
    for name, own, shared in interfaces(host, family):
        if wrong(own, shared):
            yield Finding(f"{shown(name)} {what}", own.path)
