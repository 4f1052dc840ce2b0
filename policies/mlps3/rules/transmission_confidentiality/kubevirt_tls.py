"""Parts of KubeVirt speak TLS 1.2 or newer."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.2.2-a", "8.1.4.8-a"),
    kinds=("kubevirt.io/KubeVirt",),
    title_zh="KubeVirt组件仅使用强TLS",
    title_en="Parts of KubeVirt speak TLS 1.2 or newer",
    rationale="Consoles and memory of machines pass between these parts.",
    remediation="set spec.configuration.tlsConfiguration.minTLSVersion to VersionTLS12",
    references=("KubeVirt: KubeVirt CRD, configuration.tlsConfiguration",),
    admission=Admission(
        "object.?spec.?configuration.?tlsConfiguration.?minTLSVersion.orValue('') in ['', 'VersionTLS12', 'VersionTLS13']"
    ),
)
def kubevirt_tls(obj: Object) -> Iterator[Finding]:
    tls = obj.spec.walk("configuration.tlsConfiguration")
    minimum = tls.text("minTLSVersion")
    if minimum not in ("", "VersionTLS12", "VersionTLS13"):  # KubeVirt's own minimum is 1.2
        yield Finding(f"takes {minimum}", tls.at("minTLSVersion"), minimum)
