"""What a host cannot show, from the kind of container that it says it is."""

from functools import cache

from yiyun.paths import CHECKOUT
from yiyun.site import document

_LIST = CHECKOUT / "roles" / "keep" / "vars" / "main.yml"


@cache
def missing_in_containers() -> tuple[str, ...]:
    """Capabilities that no container has; role keep owns the list."""
    return tuple(document.plain(document.read(_LIST))["keep_missing_in_containers"])


def lacking(container: str) -> list[str]:
    """`yiyun_lacks` of a host: `container` is the content of /run/systemd/container, empty on a machine."""
    return list(missing_in_containers()) if container else []
