"""Classes of disks and buckets say where their data lie."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.site import Site
from yiyun.site.labels import LOCATION


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.6-b",),
    kinds=("storage.k8s.io/StorageClass",),
    needs_site=True,
    title_zh="租户可查询数据存储位置",
    title_en="Classes of disks and buckets say where their data lie",
    rationale="A tenant who asks where the data are gets an answer from the class that they were made with.",
    remediation="./yiyun up --stack storage writes the annotation yiyun.io/location from zones and pools of site.yaml",
)
def storage_location_told(obj: Object, site: Site) -> Iterator[Finding]:
    parameters, annotations = obj.root.map("parameters"), obj.annotations
    names = {parameters.text(key) for key in ("pool", "dataPool", "objectStoreName")} - {""}
    told = annotations.text(LOCATION)
    if not told:
        yield Finding("does not say where its data lie", annotations.at(LOCATION))
        return
    for pool in (*site.spec.storage.block_pools, *site.spec.storage.object_stores):
        wanted = site.location(pool.zones)
        if pool.name in names and told != wanted:
            yield Finding(f"says {told}; site.yaml says {wanted}", annotations.at(LOCATION), told)
