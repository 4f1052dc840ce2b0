"""Secrets are encrypted before they are stored."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Host, Severity, Unevaluated, rule, shown
from yiyun.compliance.control_plane import component

SECRETS = {"secrets", "*.", "*.*"}
"""Words that take Secrets in: themselves, everything of the core group, everything."""
PROVIDERS = ("secretbox", "aesgcm", "aescbc", "kms")


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.8-b",),
    scope="host",
    probes=("control_plane",),
    title_zh="Secret 加密存储",
    title_en="Secrets are encrypted before they are stored",
    rationale="Who gets hold of a disk or a backup of etcd reads every password of the platform otherwise.",
    remediation="./yiyun hosts converge --role kubernetes_control_plane",
    references=("Kubernetes: Encrypting Confidential Data at Rest",),
)
def apiserver_encryption(host: Host) -> Iterator[Finding]:
    encryption = component(host, "apiserver").facts("encryption")
    if not encryption.there("resources"):
        yield Finding("nothing is encrypted in etcd", encryption.at("resources"))
        return
    if encryption.flag("stale"):
        raise Unevaluated("the file of keys has changed since the API server was started")
    for each in encryption.items("resources"):
        if {*each.texts("resources")} & SECRETS:
            first = next(iter(each.texts("providers")), "identity")
            if first not in PROVIDERS:
                yield Finding(f"Secrets are written with {shown(first)}", each.at("providers"), first)
            return
    yield Finding("Secrets are not among what is encrypted", encryption.at("resources"))
