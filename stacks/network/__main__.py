"""Networks of a site: security groups first, then uplinks, VPCs, and their ways out and in."""

from yiyun.components.egress_gateway import EgressGateway
from yiyun.components.external_network import ExternalNetwork
from yiyun.components.floating_address import FloatingAddresses
from yiyun.components.private_line import PrivateLineUplink
from yiyun.components.security_group import SecurityGroups
from yiyun.components.stack import open_site
from yiyun.components.vpc import VirtualPrivateCloud

site = open_site()
network = site.spec.network
external = ExternalNetwork("external", site)
line = [PrivateLineUplink("private-line", site, network.private_line)] if network.private_line else []
for vpc in network.vpcs:
    SecurityGroups(vpc.name, site, vpc)
    router = VirtualPrivateCloud(vpc.name, site, vpc, after=tuple(line))
    EgressGateway(vpc.name, site, vpc, after=(external, router))
    FloatingAddresses(vpc.name, site, vpc, after=(external, router))
