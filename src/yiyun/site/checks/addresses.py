"""Arithmetic of addresses that several checks share."""

from ipaddress import IPv4Address, IPv4Network


def usable(address: IPv4Address, network: IPv4Network) -> bool:
    """Whether an address can belong to a host: inside, and neither the network's own nor the broadcast address."""
    return address in network and address not in (network.network_address, network.broadcast_address)


def address_range(text: str) -> tuple[IPv4Address | None, IPv4Address | None]:
    """First and last address of a range; None for what is not an address."""
    first, _, last = text.partition("-")
    try:
        return IPv4Address(first), IPv4Address(last)
    except ValueError:
        return None, None
