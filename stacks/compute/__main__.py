"""Computing of a site: the virtualization platform, the recycle bin, machines and stateless services."""

from yiyun.components.application import StatelessService
from yiyun.components.kubevirt import VirtualizationPlatform
from yiyun.components.recycle_bin import RecycleBin
from yiyun.components.stack import open_site
from yiyun.components.vm import Machines

site = open_site()
VirtualizationPlatform("virtualization", site)
RecycleBin("recycle-bin", site)
for tenant in site.spec.tenants:
    Machines(tenant.name, site, tenant)
for application in site.spec.compute.applications:
    StatelessService(f"{application.tenant}-{application.name}", site, application)
