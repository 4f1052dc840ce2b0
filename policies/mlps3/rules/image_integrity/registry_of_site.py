"""The registry is the site's own."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.4-b",),
    scope="site",
    title_zh="镜像仓库属于本站点",
    title_en="The registry is the site's own",
    rationale="What a public registry serves under a name tomorrow, nobody here decides.",
    remediation="set registry in site.yaml to a host of the domain, or to a private address",
)
def registry_of_site(site: Site) -> Iterator[Finding]:
    spec = site.spec
    host = spec.registry.partition("/")[0].rpartition(":")[0] or spec.registry.partition("/")[0]
    try:
        own = ip_address(host).is_private
    except ValueError:
        own = host == spec.domain or host.endswith(f".{spec.domain}")
    if not own:
        yield Finding(f"{spec.registry} is no host of {spec.domain}", "registry", spec.registry)
    for index, image in enumerate(spec.compute.images):
        source = urlsplit(image.url).hostname or ""
        if source != host and not source.endswith(f".{spec.domain}"):
            text = f"the image {image.name} comes from {source}, no host of {spec.domain}"
            yield Finding(text, f"compute.images[{index}].url", source)
