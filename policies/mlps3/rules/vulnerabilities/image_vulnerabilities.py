"""No image has critical holes that can be mended."""

from collections.abc import Iterator

from yiyun.compliance import Finding, Object, Severity, Unevaluated, rule


@rule(
    severity=Severity.HIGH,
    clauses=("8.1.10.5-a", "8.1.9.4-e"),
    kinds=("aquasecurity.github.io/VulnerabilityReport",),
    title_zh="镜像无可修复的严重漏洞",
    title_en="No image has critical holes that can be mended",
    rationale="A hole with a known mend is one with a known way in.",
    remediation="build the image again with the fixed packages, and deploy it",
    references=("Trivy Operator: VulnerabilityReport",),
)
def image_vulnerabilities(obj: Object) -> Iterator[Finding]:
    report = obj.root.map("report")
    count = report.map("summary").number("criticalCount")
    if count is None:
        raise Unevaluated("report.summary.criticalCount: is required and absent")
    critical = [each for each in report.maps("vulnerabilities") if each.text("severity") == "CRITICAL"]
    if len(critical) < count:
        raise Unevaluated(f"report.vulnerabilities: lists {len(critical)} of {count} critical ones")
    for each in critical:
        if fixed := each.text("fixedVersion"):
            text = f"{each.text('vulnerabilityID')} of {each.text('resource') or 'a package'} is mended in {fixed}"
            yield Finding(text, each.at("fixedVersion"), fixed)
