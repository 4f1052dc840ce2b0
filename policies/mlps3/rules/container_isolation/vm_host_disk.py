"""No machine opens files of its host."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.machines import MACHINE_KINDS, every_machine, machine_spec


@rule(
    severity=Severity.HIGH,
    kinds=MACHINE_KINDS,
    baseline="kubernetes-pss-baseline:host-path-volumes",
    title_zh="虚拟机不得使用宿主机文件",
    title_en="No machine opens files of its host",
    rationale="A machine with a file of the host, or with a device that another one uses, is not apart from it.",
    remediation="use a PersistentVolumeClaim instead of hostDisk; take filesystems out of domain.devices",
    references=("Kubernetes: Pod Security Standards, Baseline", "KubeVirt: Disks and Volumes, hostDisk"),
    admission=every_machine(
        "MACHINE.?volumes.orValue([]).all(v, !has(v.hostDisk))"
        " && size(MACHINE.?domain.?devices.?filesystems.orValue([])) == 0"
    ),
)
def vm_host_disk(obj: Object) -> Iterator[Finding]:
    spec = machine_spec(obj)
    for volume in spec.maps("volumes"):
        if volume.has("hostDisk"):
            disk = volume.map("hostDisk")
            yield Finding(f"volume {volume.text('name')} is a file of the host", disk.path, disk.text("path") or None)
    if spec.walk("domain.devices").maps("filesystems"):
        yield Finding("shares a directory with its host", spec.walk("domain.devices").at("filesystems"))
