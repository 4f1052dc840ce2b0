"""People cannot set the environment of their login over SSH."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule
from yiyun.compliance.sshd import is_set


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 不接受用户自带的环境变量文件",
    title_en="People cannot set the environment of their login over SSH",
    rationale="Variables such as LD_PRELOAD get around forced commands and restricted shells.",
    remediation="./yiyun hosts converge --role sshd",
    references=("sshd_config(5) PermitUserEnvironment",),
)
def sshd_user_environment(host: Host) -> Iterator[Finding]:
    return is_set(host, "no", "permituserenvironment")
