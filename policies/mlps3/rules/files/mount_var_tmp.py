"""No file in /var/tmp gives rights."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.2-f", "8.1.4.5-a"),
    scope="host",
    probes=("mounts",),
    title_zh="/var/tmp 禁止特权与设备文件",
    title_en="No file in /var/tmp gives rights",
    rationale="Everybody writes there.",
    remediation="./yiyun hosts converge --role mount_options",
    references=("mount(8) FILESYSTEM-INDEPENDENT MOUNT OPTIONS",),
)
def mount_var_tmp(host: Host) -> Iterator[Finding]:
    point = host.facts("mounts").facts("points").maybe_facts("/var/tmp")
    if point is None:
        raise NotApplicable("/var/tmp is no file system of its own")
    missing = [option for option in ("nosuid", "nodev") if option not in point.texts("options")]
    if missing:
        yield Finding(f"/var/tmp is mounted without {', '.join(missing)}", point.at("options"), ", ".join(missing))
