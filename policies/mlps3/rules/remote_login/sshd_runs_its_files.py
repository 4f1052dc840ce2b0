"""The SSH server runs with its present files."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule, shown


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-e", "8.1.10.6-d"),
    scope="host",
    probes=("sshd",),
    title_zh="SSH 服务已加载当前配置",
    title_en="The SSH server runs with its present files",
    rationale="What stands in a file that the server has not read protects nobody, and comes as a surprise at the next restart.",
    remediation="systemctl reload ssh (or sshd)",
    references=("sshd(8)", "sshd_config(5)"),
)
def sshd_runs_its_files(host: Host) -> Iterator[Finding]:
    stale = host.facts("sshd").maybe_text("stale")
    if stale is not None:
        yield Finding(f"{shown(stale)} has changed since the server read its files", "sshd.stale", stale)
