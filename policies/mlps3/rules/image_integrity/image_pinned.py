"""Images are named by a version."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, rule
from yiyun.compliance.images import IMAGE_KINDS, every_image, images


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.4-b", "8.1.9.4-f"),
    kinds=IMAGE_KINDS,
    title_zh="镜像须指明版本",
    title_en="Images are named by a version",
    rationale="latest is whatever was pushed last: what runs was neither reviewed nor can it be brought back.",
    remediation="Name a version tag, better a digest (image@sha256:...).",
    references=("Kubernetes: Images",),
    admission=every_image(
        "image.matches('^[^@]*@[^@]|^[^@]*@@') || (image.matches('^([^@]*/)?[^/:@]*:[^/@]+@?$') && !image.matches('^([^@]*/)?[^/:@]*:latest@?$'))"
    ),
)
def image_pinned(obj: Object) -> Iterator[Finding]:
    for image in images(obj):
        if not image.digest and image.tag in ("", "latest"):
            yield Finding(f"image {image.reference} names no version", image.path, image.reference)
