"""What the packet filter of a host lets in, as rules see it."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding


def firewall_chains(host: Host) -> list[Facts]:
    """Chains that see what comes in; none where there is no nftables."""
    firewall = host.facts("firewall")
    return firewall.items("input") if firewall.flag("installed") else []


def has_ipv6(host: Host) -> bool:
    """Whether the host speaks IPv6 at all."""
    values = host.facts("sysctls").facts("values")
    return values.maybe_text("net.ipv6.conf.all.disable_ipv6") == "0"


def closing(host: Host) -> list[Facts]:
    """The chains that drop what no rule lets in: a packet must pass each of them."""
    found = [chain for chain in firewall_chains(host) if chain.flag("closed") and chain.flag("ipv4")]
    if not found:
        raise NotApplicable("nothing is closed, which is the finding of rule firewall_closed")
    return found


def open_to_anybody(host: Host, ports: Iterable[int]) -> Iterator[Finding]:
    """A finding for each TCP port that every closing chain lets in from anywhere.

    Raises Unevaluated where a chain hands packets on to others, which are not looked at.
    """
    chains = closing(host)
    for port in ports:
        if all(any(_covers(opened, port) for opened in chain.items("open")) for chain in chains):
            yield Finding(f"port {port} is open to any address", chains[0].at("open"), port)
    _decided(chains)


def open_widely(host: Host, most: int) -> Iterator[Finding]:
    """A finding for each rule that lets more than `most` ports in from anywhere."""
    chains = closing(host)
    for chain in chains:
        for opened in chain.items("open"):
            count = sum(last - first + 1 for first, last in _ranges(opened))
            if count > most:
                text = f"{chain.text('name')} lets {count} ports of {opened.text('protocol')} in from any address"
                yield Finding(shown(text), opened.at("ports"), count)
    _decided(chains)


def _decided(chains: list[Facts]) -> None:
    if any(chain.number("jumps") != 0 for chain in chains):
        raise Unevaluated("a rule hands packets on to another chain, which is not looked at")


def _ranges(opened: Facts) -> list[tuple[int, int]]:
    found = []
    for text in opened.texts("ports"):
        first, dash, last = text.partition("-")
        if not (dash and first.isdigit() and last.isdigit()):
            raise Unevaluated(f"{opened.at('ports')}: {shown(text)} is no range of ports")
        found.append((int(first), int(last)))
    return found


def _covers(opened: Facts, port: int) -> bool:
    in_range = any(first <= port <= last for first, last in _ranges(opened))
    return opened.text("protocol") in ("tcp", "th", "any") and in_range
