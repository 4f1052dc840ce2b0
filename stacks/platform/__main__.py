"""What everything else stands on: namespaces, priorities, load balancer addresses, the certificate authority."""

from yiyun.components.issuer import CertificateAuthority
from yiyun.components.metallb import LoadBalancerAddresses
from yiyun.components.platform_space import PlatformNamespaces
from yiyun.components.priority import Priorities
from yiyun.components.stack import open_site
from yiyun.components.tenant import TenantSpace

site = open_site()
namespaces = PlatformNamespaces("namespaces", site)
Priorities("priorities", site)
LoadBalancerAddresses("load-balancer-addresses", site, after=(namespaces,))
CertificateAuthority("certificate-authority", site)
for tenant in site.spec.tenants:
    TenantSpace(tenant.name, site, tenant)
