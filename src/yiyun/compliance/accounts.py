"""Accounts, groups and rights of a host, as rules see them."""

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host


def accounts(host: Host) -> list[Facts]:
    """All accounts; root is always among them."""
    return _some(host.facts("accounts"), "accounts")


def groups(host: Host) -> list[Facts]:
    """All groups."""
    return _some(host.facts("accounts"), "groups")


def people(host: Host) -> list[Facts]:
    """Accounts with a shell, with the files of their homes."""
    return _some(host.facts("homes"), "people")


def sudo(host: Host) -> Facts:
    """The facts of sudo. Raises NotApplicable on a host without it."""
    found = host.facts("sudo")
    if not found.flag("installed"):
        raise NotApplicable("there is no sudo")
    return found


def sudo_rights(host: Host) -> list[Facts]:
    """Everything that sudo grants; root's own right is always among it."""
    return _some(sudo(host), "rights")


def _some(holder: Facts, key: str) -> list[Facts]:
    found = holder.items(key)
    if not found:
        raise Unevaluated(f"{holder.at(key)}: there cannot be none")
    return found
