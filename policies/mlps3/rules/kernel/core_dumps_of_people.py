"""People's programs may leave no dump."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.10-a",),
    scope="host",
    probes=("shell",),
    title_zh="用户会话禁止生成内存转储",
    title_en="People's programs may leave no dump",
    rationale="What a person works on stands in the memory of his programs.",
    remediation="./yiyun hosts converge --role core_dumps",
    references=("limits.conf(5) core", "core(5)"),
)
def core_dumps_of_people(host: Host) -> Iterator[Finding]:
    login = host.facts("shell").facts("login")
    limit = login.maybe_number("core_limit")
    if limit != 0:
        yield Finding("a login may write dumps (hard limit of core files)", login.at("core_limit"), limit)
