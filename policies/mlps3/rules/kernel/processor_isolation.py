"""Known holes of the processor are closed."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown

CLOSED = ("KVM: Mitigation:", "Mitigation:", "Not affected")
OPEN = ("smt vulnerable", "smt host state unknown")


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.3-a",),
    scope="host",
    probes=("isolation",),
    needs=("kernel_sysctl",),
    title_zh="处理器漏洞未破坏虚拟机隔离",
    title_en="Known holes of the processor are closed",
    rationale="Through these a machine reads what another one on the same host works with.",
    remediation=(
        "install the microcode of the maker, take mitigations=off out of the command line of the kernel; on processors "
        "with L1TF or MDS mitigations=auto,nosmt"
    ),
    references=("Linux kernel: Documentation/admin-guide/hw-vuln",),
)
def processor_isolation(host: Host) -> Iterator[Finding]:
    holes = host.facts("isolation").items("holes")
    if not holes:
        raise Unevaluated("isolation.holes: there cannot be none")
    unknown: list[str] = []
    for hole in holes:
        says = hole.text("says")
        if says.startswith("Unknown"):
            unknown.append(hole.text("name"))
        elif not says.startswith(CLOSED):
            yield Finding(f"{shown(hole.text('name'))}: {shown(says)}", hole.at("says"), says)
        elif any(part in says.lower() for part in OPEN):
            text = f"{shown(hole.text('name'))} is open between threads of one core: {shown(says)}"
            yield Finding(text, hole.at("says"), says)
    if unknown:
        raise Unevaluated(f"the kernel does not know of {shown(', '.join(unknown))}: it runs on another's machine")
