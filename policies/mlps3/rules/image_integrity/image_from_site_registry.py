"""Images come from the site's own registry."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.images import IMAGE_KINDS, images
from yiyun.site import Site


@rule(
    severity=Severity.HIGH,
    clauses=("8.2.4.4-b",),
    baseline="nsa-kubernetes-hardening:trusted-registry",
    kinds=IMAGE_KINDS,
    needs_site=True,
    title_zh="镜像须来自本站点镜像仓库",
    title_en="Images come from the site's own registry",
    rationale=("What comes from elsewhere was not scanned, may change or vanish, and needs a way out of the cloud."),
    remediation="Push the image to the site's registry (site.yaml: registry) and name it from there.",
    references=("NSA and CISA: Kubernetes Hardening Guide",),
)
def image_from_site_registry(obj: Object, site: Site) -> Iterator[Finding]:
    for image in images(obj):
        if image.registry != site.spec.registry:
            text = f"image {image.reference} is not from {site.spec.registry}"
            yield Finding(text, image.path, image.reference)
