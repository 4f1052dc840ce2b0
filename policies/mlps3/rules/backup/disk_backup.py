"""Disks and machines are copied away from the block cluster."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NeedsPerson, Object, Severity, World, rule
from yiyun.compliance.backups import copied_away
from yiyun.compliance.machines import machines_of_claim
from yiyun.site.labels import VM


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.9-a", "8.1.10.11-a"),
    kinds=("PersistentVolumeClaim", "kubevirt.io/VirtualMachine"),
    scope="objects",
    across_stacks=True,  # disks lie in compute, schedules in storage
    title_zh="磁盘与虚拟机须备份到块存储之外",
    title_en="Disks and machines are copied away from the block cluster",
    rationale=(
        "A snapshot shares the fate of its disk; only a copy in another cluster survives the loss of the first."
    ),
    remediation=(
        "Label it yiyun.io/backup: daily or weekly, and keep a Velero Schedule with snapshotMoveData for that "
        "label (site.yaml: backup of the vm)."
    ),
)
def disk_backup(obj: Object, world: World) -> Iterator[Finding]:
    labels = obj.metadata.text_map("labels")
    copied = [labels]
    if obj.resource.kind == "PersistentVolumeClaim":  # a machine is copied with all disks that it attaches
        machines = machines_of_claim(world, obj.namespace, obj.name)
        copied += [machine.elsewhere.map("metadata").text_map("labels") for machine in machines]
    if any(copied_away(world, obj.namespace, each) for each in copied):
        return
    machine = obj.name if obj.resource.kind == "VirtualMachine" else labels.get(VM)
    if world.site and any(vm.name == machine and vm.backup == "none" for vm in world.site.spec.compute.vms):
        raise NeedsPerson(f"site.yaml says backup: none for {machine}; show that it holds nothing of value")
    yield Finding("no schedule copies it to another cluster")
