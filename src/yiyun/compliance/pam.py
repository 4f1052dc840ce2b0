"""What PAM does to logins and new passwords, as rules see it."""

from collections.abc import Iterator

from yiyun.compliance.facts import NotApplicable, Unevaluated
from yiyun.compliance.host import Facts, Host


def stacks(host: Host) -> Iterator[tuple[str, Facts]]:
    """The services that ask for a password, by name. Raises NotApplicable when there are none."""
    services = host.facts("pam").facts("services")
    found = False
    for name in ("login", "sshd", "su", "sudo"):
        service = services.maybe_facts(name)
        if service is not None and service.flag("asks_password"):
            found = True
            yield name, service
    if not found:
        raise NotApplicable("no service asks for a password")


def lockouts(host: Host) -> Iterator[tuple[str, Facts]]:
    """Settings of the module that counts, for each service that has one.

    Raises Unevaluated where a service has none: that is rule lockout_counts's finding, and no other rule passes on it.
    """
    for name, service in stacks(host):
        lockout = service.maybe_facts("lockout")
        if lockout is None:
            raise Unevaluated(f"{name}: nothing counts wrong passwords (rule lockout_counts)")
        yield name, lockout


def quality(host: Host) -> Facts | None:
    """What looks at a new password; None when nothing does."""
    return host.facts("pam").facts("password").maybe_facts("quality")
