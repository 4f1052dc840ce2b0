"""Certificates get new keys at least once a year."""

from collections.abc import Iterator

from yiyun.compliance import Finding, NotApplicable, Object, Severity, rule
from yiyun.compliance.schedules import days

MOST_DAYS = 397
"""A year and a month for the change."""


@rule(
    severity=Severity.MEDIUM,
    clauses=("8.1.4.8-a",),
    kinds=("cert-manager.io/Certificate",),
    title_zh="证书密钥定期更换",
    title_en="Certificates get new keys at least once a year",
    rationale="A key that was copied once works until the certificate ends, and longer if the next one has the same key.",
    remediation="set spec.duration to 9528h or less and privateKey.rotationPolicy to Always",
    references=("cert-manager: Certificate resource, renewBefore and privateKey.rotationPolicy",),
)
def certificate_renewed(obj: Object) -> Iterator[Finding]:
    if obj.spec.flag("isCA"):
        raise NotApplicable("an authority lives longer than what it signs")
    lasts = days(obj.spec, "duration")
    if lasts is not None and lasts > MOST_DAYS:
        yield Finding(
            f"is good for {lasts:.0f} days; wanted {MOST_DAYS}", obj.spec.at("duration"), obj.spec.text("duration")
        )
    key = obj.spec.map("privateKey")
    if key.text("rotationPolicy") == "Never":
        yield Finding("keeps its key when it is renewed", key.at("rotationPolicy"), "Never")
