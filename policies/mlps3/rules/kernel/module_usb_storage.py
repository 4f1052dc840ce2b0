"""Disks that somebody plugs in are not read."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.4-b",),
    scope="host",
    probes=("modules",),
    needs=("modules",),
    title_zh="禁止加载移动存储驱动",
    title_en="Disks that somebody plugs in are not read",
    rationale="No data leaves a host on a stick, and nothing comes in on one.",
    remediation="./yiyun hosts converge --role removable_media",
    references=("modprobe.d(5) install",),
)
def module_usb_storage(host: Host) -> Iterator[Finding]:
    every = host.facts("modules").facts("modules")
    for name in ("usb-storage", "uas", "firewire-sbp2"):
        module = every.facts(name)
        if module.flag("loaded"):
            yield Finding(f"{name} is loaded", module.at("loaded"), name)
        elif module.flag("builtin"):
            yield Finding(f"{name} is built into the kernel", module.at("builtin"), name)
        elif not module.flag("refused"):
            yield Finding(f"{name} is loaded when somebody asks for it", module.at("refused"), name)
