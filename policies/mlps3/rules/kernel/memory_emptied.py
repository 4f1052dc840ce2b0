"""Memory is emptied when it changes hands."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.7-a",),
    scope="host",
    probes=("machine",),
    needs=("kernel_sysctl",),
    title_zh="内存回收时清零",
    title_en="Memory is emptied when it changes hands",
    rationale="What a machine leaves in memory, the next one could read.",
    remediation="add init_on_free=1 to the command line of the kernel",
    references=("Linux kernel: Documentation/admin-guide/kernel-parameters.txt init_on_free",),
)
def memory_emptied(host: Host) -> Iterator[Finding]:
    emptied = host.facts("machine").facts("emptied")
    known = [when for when in ("free", "alloc") if emptied.there(when)]
    if any([emptied.flag(when) for when in known]):  # noqa: C419 (each must be a boolean)
        return
    if len(known) < 2:
        raise Unevaluated("how the kernel was built is not known, and its command line does not say")
    yield Finding("memory is emptied neither when it is given back nor when it is given out", emptied.path)
