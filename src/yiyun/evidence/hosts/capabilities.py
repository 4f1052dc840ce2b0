"""What a host cannot show, from the kind of container that it says it is."""

from functools import cache

from yiyun.paths import CHECKOUT
from yiyun.site import document

_LIST = CHECKOUT / "roles" / "keep" / "vars" / "main.yml"


EMULATION = "qemu-user"
"""What the lab's host of another architecture says in /run/systemd/container: each of its programs is emulated."""


@cache
def missing_in_containers() -> tuple[str, ...]:
    """Capabilities that no container has; role keep owns the list."""
    return _listed("keep_missing_in_containers")


@cache
def missing_under_emulation() -> tuple[str, ...]:
    """Capabilities that an emulated container does not have either."""
    return _listed("keep_missing_under_emulation")


def lacking(container: str) -> list[str]:
    """`yiyun_lacks` of a host: `container` is the content of /run/systemd/container, empty on a machine."""
    if container == EMULATION:
        return [*missing_in_containers(), *missing_under_emulation()]
    return list(missing_in_containers()) if container else []


def _listed(name: str) -> tuple[str, ...]:
    return tuple(document.plain(document.read(_LIST))[name])
