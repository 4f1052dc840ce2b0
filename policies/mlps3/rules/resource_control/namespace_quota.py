"""Every tenant has a quota."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, World, rule
from yiyun.site.labels import TENANT

LIMITS = (("requests.cpu", "cpu", "limits.cpu"), ("requests.memory", "memory", "limits.memory"), ("requests.storage",))
"""What must be limited, by any of these names."""


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.5.1-a",),
    kinds=("Namespace",),
    scope="objects",
    title_zh="租户命名空间须有资源配额",
    title_en="Every tenant has a quota",
    rationale="One tenant that takes all processors, memory or disks stops the others.",
    remediation="add a ResourceQuota with requests.cpu, requests.memory and requests.storage",
    references=("Kubernetes: Resource Quotas",),
)
def namespace_quota(obj: Object, world: World) -> Iterator[Finding]:
    if not obj.labels.text(TENANT):
        raise NotApplicable("not a tenant's namespace")
    limited: set[str] = set()
    for quota in world.all("ResourceQuota", obj.name):
        spec = quota.elsewhere.map("spec")
        if not (spec.items("scopes") or spec.map("scopeSelector")):
            limited.update(spec.map("hard").keys())
    missing = [names[0] for names in LIMITS if not limited & {*names}]
    if missing:
        yield Finding(f"no ResourceQuota limits {', '.join(missing)}")
