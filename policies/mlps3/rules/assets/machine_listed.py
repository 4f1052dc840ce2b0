"""Every virtual machine is listed in site.yaml."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.site import Site
from yiyun.site.labels import LIFECYCLE


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.2-a", "8.2.4.3-b"),
    kinds=("kubevirt.io/VirtualMachine",),
    needs_site=True,
    title_zh="虚拟机均已登记",
    title_en="Every virtual machine is listed in site.yaml",
    rationale="A machine that nobody has asked for in writing was made without authority, whoever made it.",
    remediation="list it in compute.vms of site.yaml, or label it yiyun.io/lifecycle=recycled",
)
def machine_listed(obj: Object, site: Site) -> Iterator[Finding]:
    listed = next((vm for vm in site.spec.compute.vms if vm.name == obj.name), None)
    recycled = obj.labels.text(LIFECYCLE) == "recycled" and obj.spec.text("runStrategy") == "Halted"
    if listed is None and recycled:
        raise NotApplicable("stopped, and in the recycle bin")
    if listed is None:
        yield Finding("is not in compute.vms of site.yaml", "metadata.name", obj.name)
        return
    tenant = site.vpc_of_subnet(listed.subnet).tenant
    if obj.namespace != tenant:
        yield Finding(f"site.yaml has it in namespace {tenant}", "metadata.namespace", obj.namespace)
