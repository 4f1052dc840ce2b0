"""The clock has sources that answer."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.3-b",),
    scope="host",
    probes=("clock",),
    needs=("clock",),
    title_zh="时间源可达",
    title_en="The clock has sources that answer",
    rationale="A source that does not answer leaves the clock to itself.",
    remediation="./yiyun hosts converge --role time",
    references=("chronyc(1) sources",),
)
def time_sources(host: Host) -> Iterator[Finding]:
    chrony = host.facts("clock").maybe_facts("chrony")
    if chrony is None:
        raise Unevaluated("chrony does not answer; other programs cannot be asked for their sources")
    sources = chrony.items("sources")
    if not any(source.number("reach") > 0 for source in sources):
        yield Finding(f"none of {len(sources)} time servers has answered lately", chrony.at("sources"))
