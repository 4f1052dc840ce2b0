"""Every host of an Ingress has TLS."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.2.2-b", "8.1.4.8-a", "8.1.2.2-a"),
    kinds=("networking.k8s.io/Ingress", "extensions/Ingress"),
    title_zh="Ingress须使用TLS",
    title_en="Every host of an Ingress has TLS",
    rationale="What crosses the boundary in plain text can be read and changed on the way.",
    remediation="Add the host to spec.tls with a secretName.",
    references=("Kubernetes: Ingress, TLS",),
    admission=Admission(
        "size(object.?spec.?tls.orValue([])) + size(object.?spec.?rules.orValue([])) > 0"
        " && (object.?spec.?tls.orValue([]).exists(t, size(t.?hosts.orValue([])) == 0)"
        " || object.?spec.?rules.orValue([]).all(r, object.?spec.?tls.orValue([]).exists(t, t.hosts.exists(h, "
        "h == r.?host.orValue('') || (r.?host.orValue('').contains('.')"
        " && h == '*.' + r.?host.orValue('').split('.', 2)[1])))))"
    ),
)
def ingress_tls(obj: Object) -> Iterator[Finding]:
    tls = obj.spec.maps("tls")
    covered = {host for item in tls for host in item.texts("hosts")}
    everything = any(not item.texts("hosts") for item in tls)
    for item in obj.spec.maps("rules"):
        host = item.text("host")
        if not (everything or host in covered or f"*.{host.partition('.')[2]}" in covered):
            yield Finding(f"host {host or '*'} has no TLS", item.path, host or None)
    if not obj.spec.items("rules") and not tls:
        yield Finding("has no TLS", obj.spec.at("tls"))
