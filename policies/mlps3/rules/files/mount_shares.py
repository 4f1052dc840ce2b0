"""Shares of the network give no rights on the host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule, shown


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f", "8.1.4.4-b"),
    scope="host",
    probes=("mounts",),
    title_zh="网络共享挂载禁止特权文件",
    title_en="Shares of the network give no rights on the host",
    rationale="Root of another machine can put a program with an owner bit there.",
    remediation="mount with nosuid,nodev",
    references=("mount(8) FILESYSTEM-INDEPENDENT MOUNT OPTIONS",),
)
def mount_shares(host: Host) -> Iterator[Finding]:
    shares = host.facts("mounts").items("shares")
    if not shares:
        raise NotApplicable("no share is mounted")
    for share in shares:
        missing = [option for option in ("nosuid", "nodev") if option not in share.texts("options")]
        if missing:
            yield Finding(f"{shown(share.text('point'))} is mounted without {', '.join(missing)}", share.at("options"))
