"""The host has two power supplies that work."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, rule, shown
from yiyun.compliance.board import sensors


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.1.9-c",),
    scope="host",
    probes=("board",),
    tier="deep",
    title_zh="服务器电源冗余且工作正常",
    title_en="The host has two power supplies that work",
    rationale="With one supply, or with one dead, the loss of one feed stops the host.",
    remediation='replace or connect the supply that the finding names; ipmitool sdr type "Power Supply"',
)
def power_supplies_redundant(host: Host) -> Iterator[Finding]:
    board, supplies = sensors(host, "supplies")
    present = [each for each in supplies if each.flag("present")]
    if len(present) < 2:
        yield Finding(f"{len(present)} power supplies are there; wanted 2", board.at("supplies"), len(present))
    for each in supplies:
        if not each.flag("well"):
            yield Finding(f"{shown(each.text('name'))} reports a fault", each.at("well"), each.text("name"))
