"""What the SSH server grants each login, as rules see it."""

from collections.abc import Iterable, Iterator

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts, Host, shown
from yiyun.compliance.model import Finding


def logins(host: Host) -> Iterator[Facts]:
    """The settings for each account that differs from others.

    After the last one, raises Unevaluated where a Match block depends on addresses: whom it is for, nobody knows from
    here. So a finding counts, and no finding is no pass. Raises Unevaluated at once where the server has not read its
    files: they do not say what it does.
    """
    probe = host.facts("sshd")
    stale = probe.maybe_text("stale")
    if stale is not None:
        raise Unevaluated(f"{shown(stale)} has changed since sshd read its files; reload it and audit again")
    found = [login for _, login in probe.each("logins")]
    if not found:
        raise Unevaluated("sshd.logins: no login is known")
    yield from found
    conditions = probe.texts("conditions")
    if conditions:
        raise Unevaluated(f"whom this is for depends on more than the account: {shown(conditions[0])}")


def one(login: Facts, *names: str) -> str:
    """The only value of a keyword; later names are what other releases call it. Lower case."""
    name = next((each for each in names if login.knows(each)), names[0])
    values = login.texts(name)
    if len(values) != 1:
        raise Unevaluated(f"{login.at(name)}: {len(values)} values")
    return values[0].lower()


def whole(login: Facts, name: str) -> int:
    """The only value of a keyword, which is a whole number."""
    value = one(login, name)
    if not value.isdigit():
        raise Unevaluated(f"{login.at(name)}: must be a whole number")
    return int(value)


def is_set(host: Host, wanted: str, *names: str) -> Iterator[Finding]:
    """A finding for each login for which a keyword has another value."""
    for login in logins(host):
        value = one(login, *names)
        if value != wanted:
            yield Finding(f"{names[0]} is {shown(value)} for {_who(login)}, not {wanted}", login.at(names[0]), value)


def lists_only(host: Host, name: str, allowed: Iterable[str]) -> Iterator[Finding]:
    """A finding for each algorithm of a list that is not among those allowed."""
    for login in logins(host):
        algorithms = [each for each in one(login, name).split(",") if each]
        if not algorithms:
            raise Unevaluated(f"{login.at(name)}: an empty list")
        for each in algorithms:
            if each not in set(allowed):
                yield Finding(f"{name} offers {shown(each)}", login.at(name), each)


def at_most(host: Host, name: str, limit: int, unit: str = "") -> Iterator[Finding]:
    """A finding for each login for which a number is 0, which means no limit, or above the limit."""
    for login in logins(host):
        value = whole(login, name)
        if not 0 < value <= limit:
            yield Finding(
                f"{name} is {value}{unit} for {_who(login)}; wanted 1 to {limit}{unit}", login.at(name), value
            )


def _who(login: Facts) -> str:
    return shown(login.path.rpartition("logins.")[2])
