"""Gateways speak strong TLS to clients."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-a", "8.1.2.2-b", "8.1.4.8-a"),
    kinds=("gateway.envoyproxy.io/ClientTrafficPolicy",),
    title_zh="网关仅使用强TLS",
    title_en="Gateways speak strong TLS to clients",
    rationale="Old protocols and ciphers can be read, and changed unnoticed, by who sits in between.",
    remediation="set tls.minVersion to 1.2 or 1.3 and list ciphers with GCM or CHACHA20 and ECDHE only",
    references=("Envoy Gateway: ClientTrafficPolicy",),
    admission=Admission(
        "object.?spec.?tls.?minVersion.orValue('') in ['', '1.2', '1.3'] && object.?spec.?tls.?ciphers.orValue([]).all(c, "
        "c.contains('ECDHE') && (c.contains('GCM') || c.contains('CHACHA20')))"
    ),
)
def gateway_client_tls(obj: Object) -> Iterator[Finding]:
    tls = obj.spec.map("tls")
    minimum = tls.text("minVersion")
    if minimum not in ("", "1.2", "1.3"):  # Envoy's own minimum is 1.2
        yield Finding(f"takes TLS {minimum}", tls.at("minVersion"), minimum)
    for cipher in tls.texts("ciphers"):
        if not ("ECDHE" in cipher and ("GCM" in cipher or "CHACHA20" in cipher)):
            yield Finding(f"takes {cipher}", tls.at("ciphers"), cipher)
