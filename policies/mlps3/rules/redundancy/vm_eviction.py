"""Machines leave a host that is drained."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, World, rule
from yiyun.compliance.machines import MACHINE_KINDS, machine_spec

LIVE = ("LiveMigrate", "LiveMigrateIfPossible")


@rule(
    severity=Severity.MEDIUM,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.1.4.9-c",),
    kinds=MACHINE_KINDS,
    scope="objects",
    title_zh="虚拟机须支持在线迁移",
    title_en="Machines leave a host that is drained",
    rationale="A machine without an eviction strategy is shut down when its host is maintained.",
    remediation="Set evictionStrategy to LiveMigrate in the machine or in the KubeVirt configuration.",
    references=("KubeVirt: Node maintenance, evictionStrategy",),
)
def vm_eviction(obj: Object, world: World) -> Iterator[Finding]:
    spec = machine_spec(obj)
    defaults = [
        item.elsewhere.walk("spec.configuration").text("evictionStrategy") for item in world.all("kubevirt.io/KubeVirt")
    ]
    strategy = spec.text("evictionStrategy") or next(filter(None, defaults), "")
    if strategy not in LIVE:
        yield Finding(f"eviction strategy is {strategy or 'not set'}", spec.at("evictionStrategy"), strategy or None)
