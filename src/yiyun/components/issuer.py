"""The site's certificate authority: signs the certificates of all layer-7 load balancers (cert-manager ClusterIssuer).

Its key pair is a Secret that `./yiyun secrets init` makes; cert-manager looks for it in its own namespace. Certificates
live 90 days and are renewed after 60, each time with a new key.
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.components.secret_refs import ISSUER_CA
from yiyun.site import Site

ISSUER = "yiyun-ca"


def cluster_issuer() -> dict[str, Any]:
    """The ClusterIssuer object."""
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": ISSUER},
        "spec": {"ca": {"secretName": ISSUER_CA}},
    }


def issuer_items(_site: Site) -> list[Item]:
    """The site's certificate authority."""
    return [Item(cluster_issuer())]


class CertificateAuthority(Component):
    """The site's certificate authority."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("CertificateAuthority", name, site, issuer_items(site), opts)
