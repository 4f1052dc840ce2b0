"""What a person makes is not everybody's to read."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule

WANTED = 0o027
# What systemd gives its services, sshd among them, where nothing else sets one.
WITHOUT_ANY = 0o022


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f",),
    scope="host",
    probes=("shell", "pam"),
    title_zh="用户新建文件默认不对其他人开放",
    title_en="What a person makes is not everybody's to read",
    rationale="Files hold what their maker knows; others get them only when he says so.",
    remediation="./yiyun hosts converge --role umask",
    references=("umask(2)", "pam_umask(8)"),
)
def shell_umask(host: Host) -> Iterator[Finding]:
    login = host.facts("shell").facts("login")
    value = login.maybe_number("umask")
    if value is None:
        value = host.facts("pam").maybe_number("session_umask")
    if value is None:
        value = WITHOUT_ANY
    if value & WANTED != WANTED:
        yield Finding(
            f"the umask of a login is {value:04o}; wanted {WANTED:04o} or more", login.at("umask"), f"{value:04o}"
        )
