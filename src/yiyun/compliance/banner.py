"""What a host shows before a login, as rules see it."""

import re
from collections.abc import Iterator

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Host, shown
from yiyun.compliance.model import Finding


def without_a_warning(host: Host, where: str, escapes: re.Pattern[str] | None = None) -> Iterator[Finding]:
    """Findings where nothing is shown (`console` or `remote`), or where it tells what the system is, also by `escapes`."""
    banner = host.facts("banner")
    text = banner.maybe_text(where)
    if text is None:
        yield Finding("nothing is shown before a login", banner.at(where))
        return
    names = [name.lower() for name in banner.texts("names")]
    if not names:
        raise Unevaluated("banner.names: the system has no name")
    told = sorted({name for name in names if name in text.lower()} | {*(escapes.findall(text) if escapes else ())})
    if told:
        yield Finding(f"it tells what the system is: {shown(', '.join(told))}", banner.at(where), ", ".join(told))
