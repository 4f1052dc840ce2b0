"""The host knows what its files were."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.7-b", "8.1.4.4-f"),
    scope="host",
    probes=("protection",),
    title_zh="建立文件完整性基线",
    title_en="The host knows what its files were",
    rationale="Without a base nobody can say what an intruder has changed.",
    remediation="./yiyun hosts converge --role file_integrity",
    references=("aide(1)",),
)
def file_integrity_database(host: Host) -> Iterator[Finding]:
    days = host.facts("protection").maybe_number("aide_days")
    if days is None:
        yield Finding("there is no database of AIDE", "protection.aide_days")
    elif days < 0:
        raise Unevaluated("the database of AIDE is from the future; is the clock right?")
