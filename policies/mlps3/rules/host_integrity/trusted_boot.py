"""The boot was measured by a TPM."""

from collections.abc import Iterator

from yiyun.compliance import Enforcement, Finding, Host, Severity, rule


@rule(
    severity=Severity.LOW,
    clauses=("8.1.4.6-a", "8.1.2.3-a", "8.1.3.6-a"),
    scope="host",
    probes=("protection",),
    needs=("tpm",),
    enforcement=Enforcement.ADVISORY,
    title_zh="基于可信根的启动度量",
    title_en="The boot was measured by a TPM",
    rationale="The standard says that hosts may prove their boot from a root of trust.",
    remediation="switch the TPM and Secure Boot on in the firmware; ./yiyun hosts converge --role trusted_boot",
)
def trusted_boot(host: Host) -> Iterator[Finding]:
    boot = host.facts("protection").facts("boot")
    if not boot.flag("tpm"):
        yield Finding("there is no TPM, or it is off", boot.at("tpm"))
        return
    if not boot.flag("measured_boot"):
        yield Finding("the firmware has measured nothing", boot.at("measured_boot"))
    if boot.flag("uefi") and not boot.flag("secure_boot"):
        yield Finding("Secure Boot is off", boot.at("secure_boot"))
