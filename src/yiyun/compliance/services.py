"""Services and sockets of a host."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding


def unit(host: Host, *names: str) -> Facts | None:
    """The first of these units that the host has; None when it has none of them."""
    every = host.facts("units").facts("units")
    found = None
    for name in names:
        found = found or every.maybe_facts(name)
    return found


def at_work(host: Host, what: str, *names: str) -> Iterator[Finding]:
    """Findings when the service is missing, does not run, or does not start with the host."""
    found = unit(host, *names)
    if found is None:
        yield Finding(f"{what} is not there: {', '.join(names)}", "units")
        return
    if not found.flag("active"):
        yield Finding(f"{what} does not run", found.at("active"))
    if not found.flag("at_boot"):
        yield Finding(f"{what} does not start with the host", found.at("at_boot"))


def at_rest(host: Host, names: Iterable[str]) -> Iterator[Finding]:
    """A finding for each of these units that runs, or starts with the host. One that is masked may run still."""
    every = host.facts("units").facts("units")
    for name in names:
        found = every.maybe_facts(name)
        if found is None:
            continue
        if found.flag("active") or (found.flag("enabled") and not found.flag("masked")):
            yield Finding(f"{name} {'runs' if found.flag('active') else 'starts with the host'}", found.path)


def listens(host: Host, ports: Iterable[int]) -> Iterator[Finding]:
    """A finding for each socket on one of these ports that others can reach."""
    wanted = set(ports)
    sockets = host.facts("listening").items("sockets")
    if not sockets:
        raise Unevaluated("listening.sockets: nothing listens, although SSH has answered")
    for socket in sockets:
        port, loopback = socket.number("port"), socket.flag("loopback")
        if port in wanted and not loopback:
            where = f"{socket.text('protocol')} {shown(socket.text('address'))} port {port}"
            yield Finding(
                f"listens on {where} ({shown(', '.join(socket.texts('programs'))) or 'kernel'})", socket.path, port
            )
