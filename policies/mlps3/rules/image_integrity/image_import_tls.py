"""Images of machines come by TLS."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule

SOURCES = ("http", "s3", "gcs")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-a", "8.2.4.4-b"),
    kinds=("cdi.kubevirt.io/CDI", "cdi.kubevirt.io/DataVolume", "cdi.kubevirt.io/VolumeImportSource"),
    title_zh="虚拟机镜像经TLS获取",
    title_en="Images of machines come by TLS",
    rationale="What comes in plain text may have been exchanged on the way, checksum and all.",
    remediation="write an https address; leave insecureRegistries of the CDI empty",
    references=("Containerized Data Importer: CDI CRD, config.insecureRegistries",),
    admission=[
        Admission(
            "size(object.?spec.?config.?insecureRegistries.orValue([])) == 0", ("cdi.kubevirt.io/CDI",), name="cdi"
        ),
        Admission(
            " && ".join(
                f"!object.?spec.?source.?{kind}.?url.orValue('').lowerAscii().startsWith('http://')" for kind in SOURCES
            ),
            ("cdi.kubevirt.io/DataVolume", "cdi.kubevirt.io/VolumeImportSource"),
            name="source",
        ),
    ],
)
def image_import_tls(obj: Object) -> Iterator[Finding]:
    for registry in obj.spec.map("config").texts("insecureRegistries"):
        yield Finding(f"trusts {registry} without TLS", obj.spec.map("config").at("insecureRegistries"), registry)
    source = obj.spec.map("source")
    for kind in SOURCES:
        address = source.map(kind).text("url")
        if address.lower().startswith("http://"):
            yield Finding(f"comes from {address.partition('?')[0]}", source.map(kind).at("url"), kind)
