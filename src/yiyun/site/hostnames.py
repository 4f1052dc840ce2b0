"""Which hosts a hostname of a load balancer serves."""


def covers(hostname: str, host: str) -> bool:
    """Whether `hostname` serves `host`. `*.example.org` covers one label, as its certificate does (RFC 9525, 6.3)."""
    if hostname == host:
        return True
    return hostname.startswith("*.") and host.partition(".")[2] == hostname[2:] and not host.startswith("*")
