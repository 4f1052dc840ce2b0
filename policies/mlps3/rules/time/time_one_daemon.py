"""One program sets the clock."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-b",),
    scope="host",
    probes=("clock",),
    needs=("clock",),
    title_zh="有且仅有一个时间同步服务",
    title_en="One program sets the clock",
    rationale="Records of different hosts can be compared only when their clocks agree; two programs that set one clock fight.",
    remediation="./yiyun hosts converge --role time",
    references=("chronyd(8)",),
)
def time_one_daemon(host: Host) -> Iterator[Finding]:
    daemons = host.facts("clock").texts("daemons")
    if not daemons:
        yield Finding("no program sets the clock", "clock.daemons")
    elif len(daemons) > 1:
        yield Finding(
            f"several programs set the clock: {shown(', '.join(daemons))}", "clock.daemons", ", ".join(daemons)
        )
