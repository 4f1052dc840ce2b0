"""Loopback ports of one lab: chosen once and kept, so that kubeconfigs stay valid."""

import json
import random
import socket
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from yiyun import files
from yiyun.errors import UserError

ADDRESS = "127.0.0.1"
RANGE = range(20000, 32000)
"""Below the range from which the kernel takes ports for outgoing connections (32768 and up)."""
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Go's listeners do: TIME_WAIT does not count
        try:
            probe.bind((ADDRESS, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(taken: Collection[int]) -> int:
    """Pick a free port that is not in `taken`. Raises UserError when none is found."""
    for candidate in random.sample(RANGE, TRIES):
        if candidate not in taken and is_free(candidate):
            return candidate
    raise UserError(f"no free port on {ADDRESS} between {RANGE.start} and {RANGE.stop - 1}: stop other servers")


def assign(path: Path, names: Iterable[str], held: Collection[str] = ()) -> Mapping[str, int]:
    """Ports by name, kept in the file `path`.

    A kept port is chosen anew when something else listens on it now; `held` names the ports that our own running
    processes listen on, which stay as they are.
    """
    known = read(path)
    ports: dict[str, int] = {}
    for name in names:
        port = known.get(name)
        if port is None or port in ports.values() or (name not in held and not is_free(port)):
            port = choose({*known.values(), *ports.values()})
        ports[name] = port
    files.write_json(path, ports)
    return ports


def read(path: Path) -> dict[str, int]:
    """Ports in a file; none where it is missing or unreadable."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {name: port for name, port in known.items() if isinstance(port, int) and 0 < port < 65536}
