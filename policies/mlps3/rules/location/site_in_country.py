"""All availability zones are in China."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.2.1.1-a",),
    scope="site",
    title_zh="云平台机房位于境内",
    title_en="All availability zones are in China",
    rationale="The infrastructure of a graded cloud stands in the country.",
    remediation="Move the zone, or correct zones[].country if it is wrong.",
)
def site_in_country(site: Site) -> Iterator[Finding]:
    for index, zone in enumerate(site.spec.zones):
        if zone.country != "CN":
            yield Finding(f"zone {zone.name} is in {zone.country}", f"zones[{index}].country", zone.country)
