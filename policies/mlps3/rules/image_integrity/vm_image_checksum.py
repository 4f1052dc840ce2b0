"""Images of machines are fetched over TLS and checked."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, NotApplicable, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.2.4.4-b",),
    kinds=("cdi.kubevirt.io/VolumeImportSource", "cdi.kubevirt.io/DataVolume"),
    title_zh="虚拟机镜像须校验完整性",
    title_en="Images of machines are fetched over TLS and checked",
    rationale="Without a checksum nobody notices that the image a machine is made from was exchanged.",
    remediation="Give the url as https:// and add checksum: sha256:... (site.yaml: sha256 of the image).",
    references=("Containerized Data Importer: DataVolume CRD, source.http.checksum",),
    admission=Admission(
        "!has(object.spec.source) || !has(object.spec.source.http)"
        " || (object.spec.source.http.url.startsWith('https://') && object.spec.source.http.?checksum.orValue('') != '')"
    ),
)
def vm_image_checksum(obj: Object) -> Iterator[Finding]:
    source = obj.spec.walk("source.http")
    if not source:
        raise NotApplicable("not fetched over HTTP")
    if not source.text("url").startswith("https://"):
        yield Finding("is fetched without TLS", source.at("url"))
    if not source.text("checksum"):
        yield Finding("is not checked against a checksum", source.at("checksum"))
