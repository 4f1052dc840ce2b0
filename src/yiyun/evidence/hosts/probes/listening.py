"""Sockets that wait for somebody from outside, and connections to others that programs keep."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, part

_COMMAND = r"""
echo '== listening'; ss --no-header --numeric --tcp --udp --listening --processes || exit 4
echo '== connected'; ss --no-header --numeric --tcp --processes state established | grep -E 'rsyslogd|syslog-ng|journal' || true
"""
_ADDRESS = re.compile(r"(?P<address>.+):(?P<port>\d+|\*)")


def parse(text: str) -> Facts:
    """`sockets`: protocol, address, port, programs, loopback; `log_connections`: peers of the programs that keep records."""
    parts = blocks(text)
    sockets = []
    for line in lines(part(parts, "listening")):
        words = line.split(None, 6)
        if len(words) < 6 or words[0] not in ("tcp", "udp"):
            raise Unreadable("ss prints a line that is no socket")
        address, port = _address(words[4])
        sockets.append(
            {
                "protocol": words[0],
                "address": address,
                "port": port,
                "programs": sorted(set(re.findall(r'\("([^"]*)",pid=', words[6] if len(words) > 6 else ""))),
                "loopback": _loopback(address),
            }
        )
    if not sockets:
        raise Unreadable("nothing listens, although SSH has answered")
    peers = []
    for line in lines(part(parts, "connected")):
        words = line.split(None, 4)
        if len(words) < 4:
            raise Unreadable("ss prints a line that is no connection")
        address, port = _address(words[3])
        peers.append({"address": address, "port": port, "loopback": _loopback(address)})
    return {"sockets": sockets, "log_connections": peers}


def _address(text: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(text)
    if match is None or match["port"] == "*":
        raise Unreadable("ss prints an address that is none")
    return match["address"].strip("[]"), int(match["port"])


def _loopback(address: str) -> bool:
    return address.partition("%")[0].startswith(("127.", "::ffff:127.")) or address == "::1" or address.endswith("%lo")


PROBE = Probe(_COMMAND, parse)
