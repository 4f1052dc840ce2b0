"""A machine that was put out of use does not run."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.3-b",),
    kinds=("kubevirt.io/VirtualMachine",),
    needs_site=True,
    title_zh="已停用的虚拟机未被重新启用",
    title_en="A machine that was put out of use does not run",
    rationale="An old machine that somebody starts again has old holes, old data and an owner who believes it off.",
    remediation="set running of the vm in site.yaml to what is wanted, then ./yiyun up; stop it until then",
    references=("KubeVirt: Run Strategies",),
)
def machine_stays_stopped(obj: Object, site: Site) -> Iterator[Finding]:
    listed = next((vm for vm in site.spec.compute.vms if vm.name == obj.name), None)
    if listed is None:
        raise NotApplicable("not in site.yaml, which is the finding of rule machine_listed")
    if listed.running:
        raise NotApplicable("site.yaml wants it running")
    strategy, running = obj.spec.text("runStrategy"), obj.spec.flag("running")
    if running or strategy not in ("", "Halted"):
        text = f"site.yaml has it stopped, its run strategy is {strategy or 'to run'}"
        yield Finding(text, obj.spec.at("runStrategy" if strategy else "running"), strategy or running)
