"""Load balancers of a site."""

from yiyun.components.gateway_class import GatewayClass
from yiyun.components.l4 import Layer4LoadBalancer
from yiyun.components.l7 import Layer7LoadBalancer
from yiyun.components.stack import open_site

site = open_site()
gateways = GatewayClass("gateway-class", site)
for l4 in site.spec.load_balancers.l4:
    Layer4LoadBalancer(l4.name, site, l4)
for l7 in site.spec.load_balancers.l7:
    Layer7LoadBalancer(l7.name, site, l7, after=(gateways,))
