"""Earlier passwords do not come again."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

LEAST = 5


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="禁止重复使用近 5 次口令",
    title_en="Earlier passwords do not come again",
    rationale="Changing to and fro between two passwords is no change.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pam_pwhistory(8) remember", "pam_unix(8) remember"),
)
def password_history(host: Host) -> Iterator[Finding]:
    password = host.facts("pam").facts("password")
    remembered = password.number("remembered")
    if remembered < LEAST:
        yield Finding(
            f"{remembered} earlier passwords are remembered; wanted {LEAST}", password.at("remembered"), remembered
        )
