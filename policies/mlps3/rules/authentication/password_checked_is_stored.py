"""The password that was looked at is the one that is stored."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.1-a",),
    scope="host",
    probes=("pam",),
    title_zh="存储的口令即为通过检查的口令",
    title_en="The password that was looked at is the one that is stored",
    rationale="Without use_authtok the storing module asks again, and takes what it is told then.",
    remediation="./yiyun hosts converge --role password_quality",
    references=("pam_unix(8) use_authtok",),
)
def password_checked_is_stored(host: Host) -> Iterator[Finding]:
    password = host.facts("pam").facts("password")
    if password.maybe_facts("quality") is None:
        yield Finding("nothing looks at a new password", password.at("quality"))
    elif not password.flag("takes_checked"):
        yield Finding("pam_unix asks for the new password again (no use_authtok)", password.at("takes_checked"))
