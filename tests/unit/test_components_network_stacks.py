"""The programs of the stacks platform, network and ingress, run against Pulumi's mocks for both shipped sites."""

import pytest
from crd_schemas import assert_valid, needs_bundle
from stack_items import in_one_process, run_program, stack_items

from yiyun.components.kubernetes import KubernetesObject, key, type_token
from yiyun.components.namespace import KUBE_SYSTEM, PLATFORM_NAMESPACES
from yiyun.site import labels as names

pytestmark = in_one_process

STACKS = ("platform", "network", "ingress")


@pytest.fixture(scope="module")
def registered(lab, hospital):
    """Registered objects by site and stack."""
    return {
        (site.name, stack): [each for each in run_program(site, stack)[0].resources if "kubernetes:" in each.typ]
        for site in (lab, hospital)
        for stack in STACKS
    }


def test_objects_are_registered_under_their_key_and_type(registered):
    for resources in registered.values():
        assert resources
        for resource in resources:
            assert resource.name == key(resource.inputs)
            assert resource.typ == type_token(resource.inputs)


def test_no_two_objects_of_a_stack_share_a_key(registered):
    for place, resources in registered.items():
        keys = [resource.name for resource in resources]
        assert len(set(keys)) == len(keys), place


def test_no_object_belongs_to_two_stacks(registered):
    for site in ("lab", "hospital"):
        keys = [resource.name for stack in STACKS for resource in registered[(site, stack)]]
        assert len(set(keys)) == len(keys)


@needs_bundle
def test_every_custom_resource_fits_its_real_crd(shipped):
    assert assert_valid(item.manifest for item in stack_items(shipped, *STACKS)) > 50


def test_every_object_says_whose_it_is_and_waits_for_nobody(registered):
    for (site, stack), resources in registered.items():
        for resource in resources:
            metadata = resource.inputs["metadata"]
            assert metadata["labels"][names.SITE] == site
            assert metadata["labels"][names.STACK] == stack
            assert metadata["annotations"]["pulumi.com/skipAwait"] == "true"
            assert metadata["annotations"]["pulumi.com/patchFieldManager"] == "yiyun"


def test_no_stack_makes_a_secret(registered):
    assert not [each for resources in registered.values() for each in resources if each.inputs["kind"] == "Secret"]


def test_every_namespace_is_made_by_the_platform_stack(registered, lab, hospital):
    for site in (lab, hospital):
        made = {
            r.inputs["metadata"]["name"] for r in registered[(site.name, "platform")] if r.inputs["kind"] == "Namespace"
        }
        assert made == {each.name for each in PLATFORM_NAMESPACES} | {tenant.name for tenant in site.spec.tenants}
        used = {
            resource.inputs["metadata"]["namespace"]
            for stack in STACKS
            for resource in registered[(site.name, stack)]
            if "namespace" in resource.inputs["metadata"]
        }
        assert used <= made | {KUBE_SYSTEM}


def test_everything_of_site_yaml_is_there(registered, lab, hospital):
    for site in (lab, hospital):
        keys = {resource.name for stack in STACKS for resource in registered[(site.name, stack)]}
        network, balancers = site.spec.network, site.spec.load_balancers
        wanted = {f"Vpc/{vpc.name}" for vpc in network.vpcs}
        wanted |= {f"Subnet/{subnet.name}" for vpc in network.vpcs for subnet in vpc.subnets}
        wanted |= {f"SecurityGroup/{group.name}" for vpc in network.vpcs for group in vpc.security_groups}
        wanted |= {f"SwitchLBRule/{l4.name}" for l4 in balancers.l4}
        wanted |= {f"Gateway/{l7.tenant}/{l7.name}" for l7 in balancers.l7}
        wanted |= {f"VpcEgressGateway/vpc-gateways/{vpc.name}-egress" for vpc in network.vpcs if vpc.egress}
        wanted |= {f"Subnet/idc-{handoff.zone}" for handoff in network.private_line.handoffs}
        assert wanted <= keys


def test_metallb_waits_for_its_namespace(lab, monkeypatch):
    """The order across components, which mocks do not show: MetalLB's objects depend on the namespaces."""
    depends = {}
    original = KubernetesObject.__init__

    def spy(self, manifest, opts):
        depends[key(manifest)] = list(opts.depends_on)
        original(self, manifest, opts)

    monkeypatch.setattr(KubernetesObject, "__init__", spy)
    run_program(lab, "platform")
    assert depends["Namespace/metallb-system"] == []
    kinds = [type(each).__name__ for each in depends["IPAddressPool/metallb-system/platform"]]
    assert kinds == ["PlatformNamespaces"]
