"""Files are compared with what they were, by the clock."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.7-b", "8.1.4.4-f"),
    scope="host",
    probes=("protection",),
    title_zh="定期执行文件完整性校验",
    title_en="Files are compared with what they were, by the clock",
    rationale="A base that nobody compares with is a file.",
    remediation="./yiyun hosts converge --role file_integrity",
    references=("aide(1)",),
)
def file_integrity_daily(host: Host) -> Iterator[Finding]:
    runs = host.facts("protection").facts("runs")
    timers = [runs.facts(name) for name in ("yiyun-file-integrity", "dailyaidecheck", "aidecheck")]
    active = [run for run in timers if run.flag("active")]
    if not active:
        yield Finding("no timer compares files", runs.path)
    elif any(run.flag("ran") and not run.flag("ended_well") for run in active):
        yield Finding("the last comparison found differences, or could not run", active[0].at("ended_well"))
