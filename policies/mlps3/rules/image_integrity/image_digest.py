"""Images are named by digest."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Object, Severity, rule
from yiyun.compliance.images import IMAGE_KINDS, every_image, images


@rule(
    severity=Severity.LOW,
    enforcement=Enforcement.ADVISORY,
    clauses=("8.2.4.4-b", "8.1.9.4-f"),
    kinds=IMAGE_KINDS,
    title_zh="镜像按摘要引用",
    title_en="Images are named by digest",
    rationale="A tag can be moved to other content; a digest is the content.",
    remediation="Append @sha256:... as the registry shows it.",
    references=("Kubernetes: Images",),
    admission=every_image("image.matches('^[^@]*@sha256:')"),
)
def image_digest(obj: Object) -> Iterator[Finding]:
    for image in images(obj):
        if not image.digest.startswith("sha256:"):
            yield Finding(f"image {image.reference} has no digest", image.path, image.reference)
