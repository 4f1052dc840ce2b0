"""Memory of machines is not merged."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.3-a",),
    scope="host",
    probes=("isolation",),
    needs=("kernel_sysctl",),
    title_zh="不合并不同虚拟机的内存页",
    title_en="Memory of machines is not merged",
    rationale="By how long a write takes a machine finds out what another one has in its memory.",
    remediation="echo 2 > /sys/kernel/mm/ksm/run; systemctl disable --now ksm ksmtuned",
    references=("Linux kernel: Documentation/admin-guide/mm/ksm.rst",),
)
def memory_not_merged(host: Host) -> Iterator[Finding]:
    isolation = host.facts("isolation")
    if isolation.flag("merges"):
        yield Finding("the kernel merges equal pages of different owners", isolation.at("merges"))
