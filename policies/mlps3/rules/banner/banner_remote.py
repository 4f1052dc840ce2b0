"""A login over SSH begins with a warning that tells nothing of the system."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.banner import without_a_warning


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("banner",),
    title_zh="SSH 登录前显示警示且不泄露系统信息",
    title_en="A login over SSH begins with a warning that tells nothing of the system",
    rationale="Who comes must know that he may not, and that it is recorded; what the system is helps only an attacker.",
    remediation="./yiyun hosts converge --role login_banner",
    references=("sshd_config(5) Banner",),
)
def banner_remote(host: Host) -> Iterator[Finding]:
    yield from without_a_warning(host, "remote")
