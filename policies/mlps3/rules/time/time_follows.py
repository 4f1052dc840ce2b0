"""The clock follows a source, and is close to it."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown

MOST_MILLISECONDS = 1000


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.3-b",),
    scope="host",
    probes=("clock",),
    needs=("clock",),
    title_zh="系统时间已与时间源同步",
    title_en="The clock follows a source, and is close to it",
    rationale="Records of different hosts can be compared only when their clocks agree.",
    remediation="./yiyun hosts converge --role time",
    references=("chronyc(1) tracking",),
)
def time_follows(host: Host) -> Iterator[Finding]:
    chrony = host.facts("clock").maybe_facts("chrony")
    if chrony is None:
        raise Unevaluated("chrony does not answer; other programs cannot be asked how far off they are")
    if chrony.text("leap") not in ("Normal", "Insert second", "Delete second"):
        yield Finding(
            f"the clock follows nobody ({shown(chrony.text('leap'))})", chrony.at("leap"), chrony.text("leap")
        )
    off = chrony.number("off_milliseconds")
    if not 0 <= off <= MOST_MILLISECONDS:
        yield Finding(
            f"the clock is {off} ms off; wanted at most {MOST_MILLISECONDS}", chrony.at("off_milliseconds"), off
        )
