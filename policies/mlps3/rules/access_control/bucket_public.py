"""No bucket is open to everybody."""

import json
from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule


@rule(
    severity=Severity.CRITICAL,
    clauses=("8.1.4.2-a", "8.2.4.5-b"),
    kinds=("objectbucket.io/ObjectBucketClaim",),
    title_zh="存储桶不得公开",
    title_en="No bucket is open to everybody",
    rationale="Patients' images in a public bucket are found by machines that look for nothing else.",
    remediation="name the users in Principal of the bucket policy",
    references=("Rook: Bucket Claim",),
)
def bucket_public(obj: Object) -> Iterator[Finding]:
    config = obj.spec.map("additionalConfig")
    text = config.text("bucketPolicy")
    if not text:
        return
    try:
        policy = json.loads(text)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        wide = [each for each in statements if each["Effect"] == "Allow" and _everybody(each.get("Principal"))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unevaluated(f"{config.at('bucketPolicy')}: is no bucket policy") from None
    if wide:
        yield Finding(f"lets everybody do {wide[0].get('Action')}", config.at("bucketPolicy"))


def _everybody(principal: object) -> bool:
    if isinstance(principal, dict):
        return any(_everybody(value) for value in principal.values())
    if isinstance(principal, list):
        return any(_everybody(value) for value in principal)
    return principal == "*"
