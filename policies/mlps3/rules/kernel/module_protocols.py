"""The kernel speaks no protocol that nobody uses."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.4-b", "8.1.4.4-a"),
    scope="host",
    probes=("modules",),
    needs=("modules",),
    title_zh="禁用不常用的网络协议模块",
    title_en="The kernel speaks no protocol that nobody uses",
    rationale="Each of these has had holes that any user could reach by opening a socket.",
    remediation="install NAME /bin/false in /etc/modprobe.d",
    references=("modprobe.d(5) install",),
)
def module_protocols(host: Host) -> Iterator[Finding]:
    every = host.facts("modules").facts("modules")
    for name in ("dccp", "rds", "sctp", "tipc"):
        module = every.facts(name)
        if module.flag("loaded"):
            yield Finding(f"{name} is loaded", module.at("loaded"), name)
        elif module.flag("builtin"):
            yield Finding(f"{name} is built into the kernel", module.at("builtin"), name)
        elif not module.flag("refused"):
            yield Finding(f"{name} is loaded when somebody asks for it", module.at("refused"), name)
