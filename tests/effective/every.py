"""All families."""

from effective import audit_rules, kubernetes, logs, mounts, others, packet_filter, pam, services, shells, sshd, sysctls

FAMILIES = {
    "audit_rules": audit_rules.CASES,
    "kubernetes": kubernetes.CASES,
    "logs": logs.CASES,
    "mounts": mounts.CASES,
    "others": others.CASES,
    "packet_filter": packet_filter.CASES,
    "pam": pam.CASES,
    "services": services.CASES,
    "shells": shells.CASES,
    "sshd": sshd.CASES,
    "sysctls": sysctls.CASES,
}
CASES = [case for cases in FAMILIES.values() for case in cases]


def name(case: object) -> str:
    """Of a case in the list of tests."""
    return f"{case.rule}-{case.setting}".replace(" ", "-")  # type: ignore[attr-defined]
