"""The record of what was built is kept in one place, with a lock."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Severity, rule
from yiyun.site import Site

SHARED = ("s3", "postgres", "postgresql", "azblob", "gs", "https")
"""Backends of Pulumi that lock."""


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.8-b", "8.1.10.6-g"),
    scope="site",
    title_zh="配置库集中保存并加锁",
    title_en="The record of what was built is kept in one place, with a lock",
    rationale="On one engineer's disk it is lost with it, and two who change the cloud at once overwrite each other.",
    remediation="set backend in site.yaml to an S3-compatible or PostgreSQL address",
)
def configuration_base_shared(site: Site) -> Iterator[Finding]:
    spec = site.spec
    if spec.lab:
        return  # nothing real was built: a lab's record may go with it
    scheme = (spec.backend or "").partition("://")[0]
    if scheme not in SHARED:
        text = f"it is kept by {scheme}" if scheme else "it is kept in local files"
        yield Finding(text, "backend", scheme or None)
