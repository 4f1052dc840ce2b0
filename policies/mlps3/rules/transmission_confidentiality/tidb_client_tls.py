"""TiDB serves its clients over TLS."""

from collections.abc import Iterator

from yiyun.compliance import Admission, Finding, Object, Severity, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.4.8-a", "8.1.2.2-a"),
    kinds=("pingcap.com/TidbCluster",),
    title_zh="TiDB客户端连接须加密",
    title_en="TiDB serves its clients over TLS",
    rationale="Queries and their answers are the data itself; passwords travel with them.",
    remediation="Set spec.tidb.tlsClient.enabled to true and make the server's certificate.",
    references=("TiDB on Kubernetes: Enable TLS for the MySQL Client",),
    admission=Admission("!has(object.spec.tidb) || object.spec.tidb.?tlsClient.?enabled.orValue(false)"),
)
def tidb_client_tls(obj: Object) -> Iterator[Finding]:
    tls = obj.spec.walk("tidb.tlsClient")
    if obj.spec.has("tidb") and not tls.flag("enabled"):
        yield Finding("SQL clients connect without TLS", tls.at("enabled"), tls.flag("enabled"))
