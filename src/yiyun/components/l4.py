"""Layer-4 load balancers inside a VPC: TCP and UDP, in every host's own switch (Kube-OVN SwitchLBRule).

There is no box that could fail: each host sends a connection to the load balancer's address straight to one of the
machines, which OVN checks and takes out of rotation when they do not answer. A floating address (`floating_address.py`)
makes one reachable from outside.

The annotations name VPC and subnet, because machines are given by address and Kube-OVN could not tell from those which
VPC is meant (two VPCs may use one range).
"""

from typing import Any

import pulumi

from yiyun.components.kubernetes import Component, Item
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import L4


def home_subnet(site: Site, spec: L4) -> str:
    """The subnet of the load balancer's address; the VPC's first one where the address lies between subnets."""
    subnets = site.vpc(spec.vpc).subnets
    return next((subnet.name for subnet in subnets if spec.address in subnet.cidr), subnets[0].name)


def switch_lb_rule(site: Site, spec: L4) -> dict[str, Any]:
    """The SwitchLBRule of one load balancer."""
    tenant = site.vpc(spec.vpc).tenant
    return {
        "apiVersion": "kubeovn.io/v1",
        "kind": "SwitchLBRule",
        "metadata": {
            "name": spec.name,
            "labels": {names.TENANT: tenant},
            "annotations": {
                "ovn.kubernetes.io/logical_router": spec.vpc,
                "ovn.kubernetes.io/logical_switch": home_subnet(site, spec),
                "ovn.kubernetes.io/service_health_check": "true",
            },
        },
        "spec": {
            "vip": str(spec.address),
            "namespace": tenant,
            "endpoints": [str(site.vm(vm).address) for vm in spec.vms],
            "sessionAffinity": "ClientIP" if spec.sticky else "None",
            "ports": [
                {
                    "name": port.name,
                    "protocol": port.protocol.upper(),
                    "port": port.port,
                    "targetPort": port.target_port,
                }
                for port in spec.ports
            ],
        },
    }


def l4_items(site: Site, spec: L4) -> list[Item]:
    """One layer-4 load balancer."""
    return [Item(switch_lb_rule(site, spec))]


class Layer4LoadBalancer(Component):
    """One layer-4 load balancer."""

    def __init__(self, name: str, site: Site, spec: L4, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Layer4LoadBalancer", name, site, l4_items(site, spec), opts)
