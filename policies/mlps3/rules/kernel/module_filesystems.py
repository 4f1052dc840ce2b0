"""The kernel reads no file system that nobody uses."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b", "8.1.4.4-a"),
    scope="host",
    probes=("modules",),
    needs=("modules",),
    title_zh="禁用不常用的文件系统模块",
    title_en="The kernel reads no file system that nobody uses",
    rationale="A made-up disk of such a kind attacks the kernel that reads it.",
    remediation="install NAME /bin/false in /etc/modprobe.d",
    references=("modprobe.d(5) install",),
)
def module_filesystems(host: Host) -> Iterator[Finding]:
    every = host.facts("modules").facts("modules")
    for name in ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"):
        module = every.facts(name)
        if module.flag("loaded"):
            yield Finding(f"{name} is loaded", module.at("loaded"), name)
        elif module.flag("builtin"):
            yield Finding(f"{name} is built into the kernel", module.at("builtin"), name)
        elif not module.flag("refused"):
            yield Finding(f"{name} is loaded when somebody asks for it", module.at("refused"), name)
