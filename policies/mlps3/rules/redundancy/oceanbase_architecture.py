"""Zones of one OceanBase cluster have one architecture."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Enforcement, Finding, Object, Severity, rule
from yiyun.site.labels import ARCH, CPU_FAMILY

PLACES = "object.?spec.?topology.orValue([])"
ARCHITECTURE = f"{{0}}.?nodeSelector[?'{ARCH}'].orValue('')"


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    baseline="oceanbase:confirmed-platforms",
    kinds=("oceanbase.oceanbase.com/OBCluster",),
    title_zh="OceanBase同一集群各Zone架构宜一致",
    title_en="Zones of one OceanBase cluster have one architecture",
    rationale=(
        "Zones of one cluster on x86 and ARM are not confirmed by the maker; Phytium lacks instructions that its "
        "published image uses."
    ),
    remediation=(
        "Run all zones on one architecture, or test failover both ways and have the finding waived; on Phytium "
        "name an image built for it (nonlse)."
    ),
    admission=Admission(
        f"{PLACES}.all(p, p.?nodeSelector[?'{CPU_FAMILY}'].orValue('') != 'phytium'"
        " || object.?spec.?observer.?image.orValue('').contains('nonlse'))"
        f" && {PLACES}.all(a, {PLACES}.all(b, {ARCHITECTURE.format('a')} == '' || {ARCHITECTURE.format('b')} == ''"
        f" || {ARCHITECTURE.format('a')} == {ARCHITECTURE.format('b')}))"
    ),
)
def oceanbase_architecture(obj: Object) -> Iterator[Finding]:
    archs: dict[str, None] = {}
    image = obj.spec.map("observer").text("image")
    for place in obj.spec.maps("topology"):
        selector = place.map("nodeSelector")
        if selector.text(ARCH):
            archs[selector.text(ARCH)] = None
        if selector.text(CPU_FAMILY) == "phytium" and "nonlse" not in image:
            yield Finding(f"{place.text('zone')} runs on Phytium with {image}", selector.at(CPU_FAMILY), "phytium")
    if len(archs) > 1:
        yield Finding(f"its zones run on {' and '.join(archs)}", obj.spec.at("topology"))
