"""The lab's network: one bridge and one namespace per host, none with a way out, none visible on the machine.

Everything lives in network namespaces called `yiyun-<lab>` and `yiyun-<lab>-<host>`; the machine's own interfaces,
routes and filters are not touched. Two labs may use the same addresses: they never meet.
"""

import ctypes
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_interface, ip_network
from pathlib import Path
from typing import Any, TypeVar

from yiyun.errors import UserError
from yiyun.lab.hosts.command import run

T = TypeVar("T")
NETNS = Path("/run/netns")
BRIDGE = "br0"
INTERFACE = "host0"
"""Name of the interface inside a host."""
PREFIX = "yiyun-"
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class LabNetwork:
    """The network of one lab."""

    lab: str
    """Eight hex digits."""
    range: IPv4Network
    """The site's management network."""
    bridge_address: IPv4Address
    """Where the lab itself listens: its package repository."""

    @property
    def namespace(self) -> str:
        """Namespace of the bridge."""
        return f"{PREFIX}{self.lab}"

    def namespace_of(self, host: str) -> str:
        """Namespace of one host."""
        return f"{self.namespace}-{host}"

    def host_namespaces(self) -> dict[str, str]:
        """Names of this lab's namespaces that exist, by host."""
        start = f"{self.namespace}-"
        return {name.removeprefix(start): name for name in existing() if name.startswith(start)}

    def ensure(self, hosts: Mapping[str, IPv4Address]) -> None:
        """Make the bridge and the namespaces and links of `hosts`, as far as they are missing."""
        _ensure_namespace(self.namespace)
        if BRIDGE not in _links(self.namespace):
            _ip(self.namespace, f"link add {BRIDGE} type bridge")
        _ip(
            self.namespace,
            f"addr replace {self.bridge_address}/{self.range.prefixlen} dev {BRIDGE}\n"
            f"link set {BRIDGE} up\nlink set lo up",
        )
        for name in hosts:
            _ensure_namespace(self.namespace_of(name))
        there = _links(self.namespace)
        for name, address in hosts.items():
            link, namespace = _link_name(name), self.namespace_of(name)
            if link not in there:
                _ip(self.namespace, f"link add {link} type veth peer name {INTERFACE} netns {namespace}")
            _ip(self.namespace, f"link set {link} master {BRIDGE} up")
            _ip(
                namespace,
                f"addr replace {address}/{self.range.prefixlen} dev {INTERFACE}\n"
                f"link set {INTERFACE} up\nlink set lo up",
            )
        # Frames between hosts are not to pass the bridge's own IP filters twice.
        call_iptables = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
        if call_iptables.exists():
            inside(self.namespace, lambda: call_iptables.write_text("0\n", encoding="ascii"))

    def remove(self, hosts: Collection[str]) -> None:
        """Remove the namespaces of `hosts`; their links go with them."""
        for name in hosts:
            _remove_namespace(self.namespace_of(name))

    def remove_bridge(self) -> None:
        """Remove the namespace of the bridge."""
        _remove_namespace(self.namespace)

    def answers(self, address: IPv4Address, port: int = 22, seconds: float = 1.0) -> bool:
        """Whether sshd at `address` greets; asked from inside the lab."""
        try:
            return inside(self.namespace, lambda: _greeting(str(address), port, seconds)).startswith(b"SSH-")
        except OSError:
            return False


def refuse_occupied(wanted: IPv4Network) -> None:
    """Refuse a range in which this machine has an address or a route of its own. Raises UserError."""
    remedy = "write another network.management in site.yaml (and addresses in hosts.yaml), best of 198.18.0.0/15"
    for link in json.loads(run(["ip", "-j", "-4", "address", "show"]) or "[]"):
        for address in link.get("addr_info", []):
            own = ip_interface(f"{address['local']}/{address['prefixlen']}")
            if own.network.overlaps(wanted):
                raise UserError(f"{wanted}: this machine has {own} on {link['ifname']}; {remedy}")
    for route in json.loads(run(["ip", "-j", "-4", "route", "show", "table", "main"]) or "[]"):
        if route["dst"] != "default" and ip_network(route["dst"], strict=False).overlaps(wanted):
            raise UserError(f"{wanted}: this machine has a route to {route['dst']}; {remedy}")


def existing() -> set[str]:
    """Names of all network namespaces of the machine that were given one."""
    return {path.name for path in NETNS.iterdir()} if NETNS.is_dir() else set()


def other_labs(own: str) -> bool:
    """Whether a lab but `own` (its 8 hex digits) has namespaces on this machine."""
    return any(
        name.startswith(PREFIX) and name != f"{PREFIX}{own}" and not name.startswith(f"{PREFIX}{own}-")
        for name in existing()
    )


def inside(namespace: str, call: Callable[[], T]) -> T:
    """Run `call` in a thread of its own that has entered the namespace. Raises what it raises, OSError if there is none."""
    result: list[T] = []
    error: list[BaseException] = []

    def body() -> None:
        try:
            _enter(NETNS / namespace)
            result.append(call())
        except BaseException as caught:
            error.append(caught)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return result[0]


@contextmanager
def entered(namespace: str) -> Iterator[None]:
    """While the block runs, this thread is in the namespace, and so are the threads and processes that it starts.

    Raises OSError if there is no such namespace, or this process may not enter it.
    """
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(NETNS / namespace)
        try:
            yield
        finally:
            _set(here)
    finally:
        os.close(here)


def socket_inside(namespace: str) -> socket.socket:
    """An unconnected TCP socket of a namespace; it stays there wherever it is used. Raises OSError if there is none.

    This thread enters the namespace and comes back: nothing else may run on it meanwhile, nor does (no call here waits).
    """
    with entered(namespace):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def processes_in(namespaces: Collection[str]) -> list[int]:
    """Pids of all processes whose network namespace is one of these."""
    wanted = set()
    for name in namespaces:
        with suppress(OSError):
            status = (NETNS / name).stat()
            wanted.add((status.st_dev, status.st_ino))
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                status = (entry / "ns/net").stat()
                if (status.st_dev, status.st_ino) in wanted:
                    found.append(int(entry.name))
    return found


def _enter(namespace: Path) -> None:
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _set(descriptor)
    finally:
        os.close(descriptor)


def _set(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _greeting(address: str, port: int, seconds: float) -> bytes:
    with socket.create_connection((address, port), timeout=seconds) as connection:
        connection.settimeout(seconds)
        return connection.recv(64)


def _link_name(host: str) -> str:
    return "v" + hashlib.sha256(host.encode()).hexdigest()[:12]


def _ip(namespace: str, commands: str) -> None:
    run(["ip", "-n", namespace, "-batch", "-"], stdin=commands + "\n")


def _links(namespace: str) -> set[str]:
    links: list[dict[str, Any]] = json.loads(run(["ip", "-j", "-n", namespace, "link", "show"]) or "[]")
    return {link["ifname"] for link in links}


def _ensure_namespace(name: str) -> None:
    path = NETNS / name
    if path.exists() and not os.path.ismount(path):
        path.unlink()  # `ip netns add` was killed between making the file and mounting the namespace on it
    if not path.exists():
        run(["ip", "netns", "add", name])


def _remove_namespace(name: str) -> None:
    path = NETNS / name
    while os.path.ismount(path):  # Path.is_mount knows directories only
        run(["umount", "--lazy", str(path)])
    path.unlink(missing_ok=True)
