"""Networks as objects name them, and whether one is everybody. An API server reads them by the same letters."""

from ipaddress import ip_address

from yiyun.compliance.facts import Unevaluated

WIDE = 1
"""Prefixes of so few bits take in half of all addresses, or all."""
READABLE = "(isCIDR({0}) || isIP({0}))"
"""In CEL: whether a text is an address or a network."""
EVERYBODY = f"(isCIDR({{0}}) && cidr({{0}}).prefixLength() <= {WIDE})"
"""In CEL: whether a text is a network that takes in everybody."""


def is_everybody(network: str, path: str) -> bool:
    """Whether a network (`198.18.0.0/24`, or one address) takes in everybody. Raises Unevaluated for what is none.

    Netmasks, leading zeros, zones and IPv4 addresses in IPv6 ones are none: no two programs read them alike.
    """
    address, slash, length = network.partition("/")
    try:
        found = ip_address(address)
        bits = int(length) if slash else found.max_prefixlen
    except ValueError:
        raise _unreadable(path) from None
    mapped = found.version == 6 and (found.ipv4_mapped or found.scope_id)
    if mapped or (slash and str(bits) != length) or not 0 <= bits <= found.max_prefixlen:
        raise _unreadable(path)
    return bits <= WIDE


def _unreadable(path: str) -> Unevaluated:
    return Unevaluated(f"{path}: must be a network such as 198.18.0.0/24")
