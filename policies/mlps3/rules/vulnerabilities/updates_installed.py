"""What the repositories mend is installed."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, rule, shown

SHOWN = 5
MOST_DAYS = 7


@rule(
    severity=Severity.HIGH,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.10.5-a", "8.1.4.4-e"),
    scope="host",
    probes=("updates",),
    tier="deep",
    title_zh="系统补丁已安装",
    title_en="What the repositories mend is installed",
    rationale="What stands in the site's own repositories was judged fit; every day without it is a day with a known hole.",
    remediation="apt-get dist-upgrade or dnf upgrade, in a window for changes",
)
def updates_installed(host: Host) -> Iterator[Finding]:
    updates = host.facts("updates")
    newer, days = updates.texts("newer"), updates.number("lists_days")
    if newer:
        named = ", ".join(newer[:SHOWN]) + (", ..." if len(newer) > SHOWN else "")
        yield Finding(f"{len(newer)} packages have newer versions: {shown(named)}", updates.at("newer"), len(newer))
    if not 0 <= days <= MOST_DAYS:
        yield Finding(f"the lists of packages are {days} days old; wanted {MOST_DAYS}", updates.at("lists_days"), days)
