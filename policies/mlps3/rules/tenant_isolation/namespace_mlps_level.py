"""A namespace says whose it is and which level it has; none is above the platform's."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, Unevaluated, World, rule
from yiyun.compliance.namespaces import of_platform
from yiyun.site.labels import MLPS_LEVEL, TENANT


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.2.1-a", "8.1.10.2-b", "8.1.10.2-a"),
    kinds=("Namespace",),
    scope="objects",
    title_zh="命名空间须标明租户与等级，且不高于平台等级",
    title_en="A namespace says whose it is and which level it has; none is above the platform's",
    rationale=(
        "A platform must not carry systems of a higher level than its own; that can only be seen where each says "
        "its level."
    ),
    remediation=(
        "Label the namespace yiyun.io/tenant and yiyun.io/mlps-level; move systems above the platform's level to "
        "a platform of theirs."
    ),
)
def namespace_mlps_level(obj: Object, world: World) -> Iterator[Finding]:
    labels, site = obj.labels, world.site
    if of_platform(obj, site):
        raise NotApplicable("a namespace of the platform")
    if not labels.text(TENANT):
        yield Finding("does not say whose it is", labels.at(TENANT))
    text = labels.text(MLPS_LEVEL)
    if not text:
        yield Finding("does not say which level it has", labels.at(MLPS_LEVEL))
    elif text not in ("1", "2", "3", "4", "5"):
        raise Unevaluated(f"{labels.at(MLPS_LEVEL)}: must be a level from 1 to 5")
    elif site and int(text) > site.spec.mlps_level:
        yield Finding(f"level {text} is above the platform's level {site.spec.mlps_level}", labels.at(MLPS_LEVEL), text)
