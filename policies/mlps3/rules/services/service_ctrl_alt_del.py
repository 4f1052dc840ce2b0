"""Three keys do not reboot the host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.services import unit


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("units",),
    title_zh="禁用 Ctrl-Alt-Del 重启",
    title_en="Three keys do not reboot the host",
    rationale="Whoever stands at the console needs no login for them.",
    remediation="./yiyun hosts converge --role services",
    references=("systemd.special(7) ctrl-alt-del.target",),
)
def service_ctrl_alt_del(host: Host) -> Iterator[Finding]:
    found = unit(host, "ctrl-alt-del.target")
    if found is not None and not found.flag("masked"):
        yield Finding("ctrl-alt-del.target is not masked", found.at("masked"))
