"""Nothing is run from shared memory."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, NotApplicable, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.2-f", "8.1.4.5-a"),
    scope="host",
    probes=("mounts",),
    title_zh="/dev/shm 禁止执行与特权文件",
    title_en="Nothing is run from shared memory",
    rationale="Everybody writes there, and nothing of it is ever on a disk that is searched.",
    remediation="./yiyun hosts converge --role mount_options",
    references=("mount(8) FILESYSTEM-INDEPENDENT MOUNT OPTIONS",),
)
def mount_shared_memory(host: Host) -> Iterator[Finding]:
    point = host.facts("mounts").facts("points").maybe_facts("/dev/shm")
    if point is None:
        raise NotApplicable("/dev/shm is no mount")
    missing = [option for option in ("nosuid", "nodev", "noexec") if option not in point.texts("options")]
    if missing:
        yield Finding(f"/dev/shm is mounted without {', '.join(missing)}", point.at("options"), ", ".join(missing))
