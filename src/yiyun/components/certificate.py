"""Certificates of services inside the cluster, signed by the site's CA through cert-manager.

cert-manager writes key and certificate into the Secret that the service reads, and renews them; a new key each time.
"""

from typing import Any

from yiyun.components.issuer import ISSUER

DAY_HOURS = 24


def service_certificate(
    namespace: str, name: str, dns_names: tuple[str, ...], days: int = 90, renew_days_before: int = 30
) -> dict[str, Any]:
    """The Certificate `name` for `dns_names`; the Secret that it fills has the same name."""
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "secretName": name,
            "dnsNames": list(dns_names),
            "duration": f"{days * DAY_HOURS}h0m0s",
            "renewBefore": f"{renew_days_before * DAY_HOURS}h0m0s",
            "usages": ["server auth", "digital signature", "key encipherment"],
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": ISSUER},
        },
    }
