"""Only members of a group may try to become somebody else by su."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-d",),
    scope="host",
    probes=("pam",),
    title_zh="仅授权组成员可使用 su",
    title_en="Only members of a group may try to become somebody else by su",
    rationale="Who is nobody's administrator has no reason to try root's password.",
    remediation="./yiyun hosts converge --role administrators",
    references=("pam_wheel(8)",),
)
def su_restricted(host: Host) -> Iterator[Finding]:
    pam = host.facts("pam")
    if not pam.there("su_for_group"):
        raise NotApplicable("there is no su")
    if not pam.flag("su_for_group"):
        yield Finding("su asks everybody for a password (no pam_wheel on its way)", pam.at("su_for_group"))
