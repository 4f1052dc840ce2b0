"""Object stores listen with TLS only."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.admission import or_empty

SERVING_CERTIFICATE = "service.beta.openshift.io/serving-cert-secret-name"
ELSEWHERE = or_empty("object.?spec.?gateway.?externalRgwEndpoints", "[]")
SECURE_PORT = or_empty("object.?spec.?gateway.?securePort", "0")


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-b", "8.1.2.2-a"),
    kinds=("ceph.rook.io/CephObjectStore",),
    title_zh="对象存储只提供TLS访问",
    title_en="Object stores listen with TLS only",
    rationale="S3 requests carry images of patients and backups of everything.",
    remediation="Set gateway.securePort and gateway.sslCertificateRef, and remove gateway.port.",
    references=("Rook: CephObjectStore CRD, gateway",),
    admission=Admission(
        f"size({ELSEWHERE}) > 0 || (object.?spec.?gateway.?port.orValue(0) == 0"
        f" && {SECURE_PORT} != 0 && (object.spec.gateway.?sslCertificateRef.orValue('') != ''"
        f" || object.spec.gateway.?service.?annotations[?'{SERVING_CERTIFICATE}'].hasValue()))"
    ),
)
def object_store_tls(obj: Object) -> Iterator[Finding]:
    gateway = obj.spec.map("gateway")
    if gateway.items("externalRgwEndpoints"):
        raise NotApplicable("the gateways are outside of this cluster")
    if gateway.number("port"):
        yield Finding(
            f"listens without TLS on port {gateway.number('port')}", gateway.at("port"), gateway.number("port")
        )
    if not gateway.number("securePort"):
        yield Finding("has no TLS port", gateway.at("securePort"))
    elif not (gateway.text("sslCertificateRef") or _service_certificate(obj)):
        yield Finding("has no certificate", gateway.at("sslCertificateRef"))


def _service_certificate(obj: Object) -> bool:
    """Whether the platform issues the certificate by an annotation of the Service."""
    annotations = obj.spec.walk("gateway.service.annotations")
    return annotations.has(SERVING_CERTIFICATE)
