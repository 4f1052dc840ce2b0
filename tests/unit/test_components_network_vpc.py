"""The network stack: VPCs and their routes, peerings, private line, gateways, security groups, floating addresses."""

import json
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_edits import with_network, with_spec, with_vpc

from yiyun.components.egress_gateway import egress_gateway_items, placement
from yiyun.components.external_network import external_network_items
from yiyun.components.floating_address import floating_address_items, gateway_subnet, nat_address, replies
from yiyun.components.kubernetes import key
from yiyun.components.namespace import VPC_GATEWAYS
from yiyun.components.peering import LINKS, SLOTS, TAKEN, assign, links_of
from yiyun.components.private_line import PROVIDER_NETWORK, private_line_items
from yiyun.components.security_group import MAX_PRIORITY, port_range, security_group_items
from yiyun.components.vpc import (
    BFD_ADDRESS,
    EGRESS_GATEWAY_PRIORITY,
    IDC_PRIORITY,
    LOCAL_PRIORITY,
    NO_WAY_OUT_PRIORITY,
    REPLY_PRIORITY,
    vpc_items,
)
from yiyun.site import labels as names
from yiyun.site.model import Egress, Vpc

GATEWAY_ROLE = {names.role_label("gateway"): "true"}


def by_key(items):
    return {key(item.manifest): item.manifest for item in items}


def vpc_spec(site, name):
    return by_key(vpc_items(site, site.vpc(name)))[f"Vpc/{name}"]["spec"]


def matches(host, site, selector):
    labels = names.node_labels(host, site.name)
    return all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items()) and all(
        labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", [])
    )


# --- VPC and subnets --------------------------------------------------------------------------------------------------


def test_one_private_subnet_in_every_zone(shipped):
    for vpc in shipped.spec.network.vpcs:
        items = vpc_items(shipped, vpc)
        found = by_key(items)
        assert key(items[0].manifest) == f"Vpc/{vpc.name}"
        for item, subnet in zip(items[1:], vpc.subnets, strict=True):
            spec = found[f"Subnet/{subnet.name}"]["spec"]
            assert item.after == (f"Vpc/{vpc.name}",)
            assert (spec["vpc"], spec["cidrBlock"]) == (vpc.name, str(subnet.cidr))
            assert spec["private"] is True
            assert item.manifest["metadata"]["labels"][names.ZONE] == subnet.zone


def test_private_subnet_lets_in_its_vpc_its_peers_and_the_idc(lab):
    found = by_key(vpc_items(lab, lab.vpc("hosp-a-prod")))
    assert found["Subnet/hosp-a-az2"]["spec"]["allowSubnets"] == [
        *("10.101.0.0/20", "10.101.32.0/20"),
        "10.102.0.0/16",
        *("172.20.0.0/16", "172.21.0.0/16"),
    ]
    other = by_key(vpc_items(lab, lab.vpc("shared-prod")))
    assert "172.20.0.0/16" not in other["Subnet/shared-az1"]["spec"]["allowSubnets"]


def test_addresses_that_are_claimed_are_not_handed_out(lab):
    found = by_key(vpc_items(lab, lab.vpc("hosp-a-prod")))
    excluded = found["Subnet/hosp-a-az1"]["spec"]["excludeIps"]
    assert excluded[0] == "10.101.0.1"
    assert {"10.101.0.11", "10.101.0.21", "10.101.0.100"} < set(excluded)
    assert str(nat_address(lab, lab.vpc("hosp-a-prod"))) in excluded
    assert "10.101.16.11" not in excluded


def test_no_namespace_is_bound_to_a_vpc(shipped):
    for vpc in shipped.spec.network.vpcs:
        assert all("namespaces" not in item.manifest["spec"] for item in vpc_items(shipped, vpc))


# --- routes -------------------------------------------------------------------------------------------------------------


def test_what_stays_inside_comes_before_the_egress_gateway(shipped):
    for vpc in shipped.spec.network.vpcs:
        routes = vpc_spec(shipped, vpc.name)["policyRoutes"]
        inside = [route for route in routes if route["priority"] == LOCAL_PRIORITY]
        assert {route["match"] for route in inside} == {
            f"ip4.dst == {cidr}" for cidr in (vpc.cidr, *(shipped.vpc(peer).cidr for peer in vpc.peers))
        }
        assert {route["action"] for route in inside} == {"allow"}
    assert min(LOCAL_PRIORITY, IDC_PRIORITY, REPLY_PRIORITY) > EGRESS_GATEWAY_PRIORITY > NO_WAY_OUT_PRIORITY


def test_idc_is_reached_through_the_hand_off_of_the_own_zone(lab):
    spec = vpc_spec(lab, "hosp-a-prod")
    assert spec["enableExternal"] is True
    assert spec["extraExternalSubnets"] == ["idc-az1", "idc-az2", "idc-az3"]
    handoffs = {handoff.zone: str(handoff.gateway) for handoff in lab.spec.network.private_line.handoffs}
    routes = {r["match"]: r["nextHopIP"] for r in spec["policyRoutes"] if r["priority"] == IDC_PRIORITY}
    assert routes == {
        f"ip4.src == {subnet.cidr} && ip4.dst == {prefix}": handoffs[subnet.zone]
        for subnet in lab.vpc("hosp-a-prod").subnets
        for prefix in lab.spec.network.private_line.idc_cidrs
    }
    # A policy only sees what has a route.
    for prefix in lab.spec.network.private_line.idc_cidrs:
        hops = {route["nextHopIP"] for route in spec["staticRoutes"] if route["cidr"] == str(prefix)}
        assert hops == set(handoffs.values())


def test_zone_without_a_hand_off_uses_another(lab):
    line = lab.spec.network.private_line
    site = with_network(lab, private_line=line.model_copy(update={"handoffs": line.handoffs[:1]}))
    routes = vpc_spec(site, "hosp-a-prod")["policyRoutes"]
    assert {r["nextHopIP"] for r in routes if r["priority"] == IDC_PRIORITY} == {str(line.handoffs[0].gateway)}


def test_vpc_without_private_line_has_no_uplink(lab):
    spec = vpc_spec(lab, "shared-prod")
    assert "enableExternal" not in spec
    assert not [route for route in spec["policyRoutes"] if route["priority"] == IDC_PRIORITY]


def test_vpc_without_egress_drops_what_is_not_allowed(lab):
    site = with_vpc(lab, "hosp-a-prod", egress=None)
    spec = vpc_spec(site, "hosp-a-prod")
    assert "bfdPort" not in spec
    assert spec["policyRoutes"][-1] == {
        "priority": NO_WAY_OUT_PRIORITY,
        "match": "ip4.src == 10.101.0.0/16",
        "action": "drop",
    }
    assert not any(r["action"] == "drop" for r in vpc_spec(lab, "hosp-a-prod")["policyRoutes"])


def test_router_answers_health_checks_on_gateway_hosts(lab):
    assert vpc_spec(lab, "hosp-a-prod")["bfdPort"] == {
        "enabled": True,
        "ip": BFD_ADDRESS,
        "nodeSelector": {"matchLabels": GATEWAY_ROLE},
    }
    assert any(IPv4Address(BFD_ADDRESS) in taken for taken in TAKEN)  # no link may use it


# --- peering --------------------------------------------------------------------------------------------------------------

vpc_names = st.text("abcdefgh", min_size=1, max_size=6)
pairs = st.sets(st.frozensets(vpc_names, min_size=2, max_size=2), max_size=60)


@given(pairs)
def test_links_are_unique_and_inside_their_range(found):
    links = assign(found)
    assert set(links) == found
    assert len(set(links.values())) == len(links)
    for network in links.values():
        assert network.prefixlen == 30
        assert network.subnet_of(LINKS)
        assert not any(network.overlaps(taken) for taken in TAKEN)


@given(pairs, st.randoms())
def test_links_do_not_depend_on_the_order(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert assign(shuffled) == assign(found)


def test_links_stay_when_others_come_and_go():
    first = frozenset(("a", "b"))
    many = [first, *(frozenset((f"x{i}", f"y{i}")) for i in range(50))]
    assert assign(many)[first] == assign([first])[first]


def test_two_pairs_on_one_link_are_told_apart(monkeypatch):
    monkeypatch.setattr("yiyun.components.peering.SLOTS", SLOTS[:2])
    links = assign([frozenset("ab"), frozenset("cd")])
    assert set(links.values()) == set(SLOTS[:2])
    with pytest.raises(ValueError, match="more than 2"):
        assign([frozenset("ab"), frozenset("cd"), frozenset("ef")])


def test_peering_is_symmetric(shipped):
    for vpc in shipped.spec.network.vpcs:
        for link in links_of(shipped, vpc):
            back = next(each for each in links_of(shipped, shipped.vpc(link.remote)) if each.remote == vpc.name)
            assert (link.local_address, link.remote_address) == (back.remote_address, back.local_address)
            assert link.local_address.network == link.remote_address.network
            assert link.local_address != link.remote_address


def test_peering_reaches_the_vpc_object(lab):
    mine, theirs = vpc_spec(lab, "hosp-a-prod"), vpc_spec(lab, "shared-prod")
    assert [p["remoteVpc"] for p in mine["vpcPeerings"]] == ["shared-prod"]
    their_address = theirs["vpcPeerings"][0]["localConnectIP"].partition("/")[0]
    assert {"cidr": "10.102.0.0/16", "nextHopIP": their_address, "policy": "policyDst"} in mine["staticRoutes"]


def test_a_peering_named_on_one_side_is_made_on_both(lab):
    site = with_vpc(lab, "shared-prod", peers=())
    assert [link.remote for link in links_of(site, site.vpc("shared-prod"))] == ["hosp-a-prod"]


# --- private line -----------------------------------------------------------------------------------------------------------


def test_private_line_names_fit_a_linux_bridge(shipped):
    assert len(f"br-{PROVIDER_NETWORK}") <= 15
    line = shipped.spec.network.private_line
    items = private_line_items(shipped, line)
    found = by_key(items)
    uplink = found[f"ProviderNetwork/{PROVIDER_NETWORK}"]["spec"]
    assert uplink == {"defaultInterface": line.interface, "nodeSelector": {"matchLabels": GATEWAY_ROLE}}
    for handoff in line.handoffs:
        assert found[f"Vlan/idc-{handoff.zone}"]["spec"] == {"provider": PROVIDER_NETWORK, "id": handoff.vlan}
        spec = found[f"Subnet/idc-{handoff.zone}"]["spec"]
        assert (spec["vlan"], spec["gateway"]) == (f"idc-{handoff.zone}", str(handoff.gateway))
        assert str(handoff.gateway) in spec["excludeIps"]
        assert len(spec["excludeIps"]) < handoff.cidr.num_addresses - 2, "no address left for routers"


def test_customer_edge_routers_keep_their_addresses(lab):
    found = by_key(private_line_items(lab, lab.spec.network.private_line))
    assert found["Subnet/idc-az2"]["spec"]["excludeIps"] == ["198.18.16.33", "198.18.16.34", "198.18.16.35"]


def test_uplinks_land_on_gateway_hosts_only(shipped):
    for host in shipped.hosts:
        labels = names.node_labels(host, shipped.name)
        assert (labels.get("ovn.kubernetes.io/external-gw") == "true") == ("gateway" in host.roles)


# --- egress gateway -----------------------------------------------------------------------------------------------------------


def test_egress_gateway_is_redundant_and_watched(shipped):
    for vpc in shipped.spec.network.vpcs:
        items = egress_gateway_items(shipped, vpc)
        assert bool(items) == bool(vpc.egress)
        for item in items:
            spec = item.manifest["spec"]
            assert item.manifest["metadata"]["namespace"] == VPC_GATEWAYS
            assert spec["replicas"] == vpc.egress.replicas >= 2
            assert spec["bfd"]["enabled"] is True
            assert spec["bfd"]["minRX"] * spec["bfd"]["multiplier"] < 1000  # ms
            assert spec["policies"] == [{"snat": True, "subnets": [subnet.name for subnet in vpc.subnets]}]


def test_no_zone_holds_all_replicas(shipped):
    for vpc in shipped.spec.network.vpcs:
        if not vpc.egress:
            continue
        selector = egress_gateway_items(shipped, vpc)[0].manifest["spec"]["nodeSelector"][0]
        assert selector["matchLabels"] == GATEWAY_ROLE
        hosts = [host for host in shipped.hosts if matches(host, shipped, selector)]
        assert len(hosts) >= vpc.egress.replicas
        assert all("gateway" in host.roles for host in hosts)
        for zone in shipped.zones:
            inside = [host for host in hosts if host.zone == zone]
            assert len(inside) < vpc.egress.replicas, f"zone {zone} could hold every replica of {vpc.name}"


@given(replicas=st.integers(2, 6))
def test_every_zone_may_hold_its_share_and_no_more(lab, replicas):
    chosen = placement(lab, lab.vpc("hosp-a-prod"), Egress(replicas=replicas))
    share = -(-replicas // 3)
    counts = [sum(host.zone == zone for host in chosen) for zone in lab.zones]
    assert counts == [min(share, 2)] * 3  # the lab has 2 gateway hosts in each zone
    assert sum(counts) >= replicas


def test_any_architecture_means_both(lab):
    vpc = lab.vpc("hosp-a-prod")
    selector = egress_gateway_items(lab, vpc)[0].manifest["spec"]["nodeSelector"][0]
    expressions = {e["key"]: e["values"] for e in selector["matchExpressions"]}
    assert expressions[names.ARCH] == ["amd64", "arm64"]
    assert {host.arch for host in placement(lab, vpc, vpc.egress)} == {"amd64", "arm64"}


def test_one_architecture_means_that_one(lab):
    vpc = lab.vpc("shared-prod")
    selector = egress_gateway_items(lab, vpc)[0].manifest["spec"]["nodeSelector"][0]
    expressions = {e["key"]: e["values"] for e in selector["matchExpressions"]}
    assert expressions[names.ARCH] == ["arm64"]
    assert {lab.host(name).arch for name in expressions[names.HOSTNAME]} == {"arm64"}


def test_bandwidth_is_a_limit_only_where_it_is_written(lab):
    assert egress_gateway_items(lab, lab.vpc("hosp-a-prod"))[0].manifest["spec"]["bandwidth"] == {
        "ingress": 2000,
        "egress": 2000,
    }
    assert "bandwidth" not in egress_gateway_items(lab, lab.vpc("shared-prod"))[0].manifest["spec"]


# --- external network ------------------------------------------------------------------------------------------------------------


def test_external_network_leaves_alone_what_is_not_its_own(lab):
    found = by_key(external_network_items(lab))
    config = json.loads(found["NetworkAttachmentDefinition/kube-system/external"]["spec"]["config"])
    assert (config["type"], config["master"]) == ("macvlan", lab.spec.network.external.interface)
    spec = found["Subnet/external"]["spec"]
    assert spec["provider"] == config["ipam"]["provider"] == "external.kube-system"
    assert spec["excludeIps"] == ["198.18.8.1", "198.18.10.10..198.18.10.200", "198.18.8.20"]


def test_nat_gateways_are_switched_on_where_they_are_wanted(lab):
    found = by_key(external_network_items(lab))
    assert found["ConfigMap/kube-system/ovn-vpc-nat-gw-config"]["data"] == {"enable-vpc-nat-gw": "true"}
    assert found["ConfigMap/kube-system/ovn-vpc-nat-config"]["data"]["image"].startswith(f"{lab.spec.registry}/")
    without = by_key(external_network_items(with_vpc(lab, "hosp-a-prod", floating_addresses=())))
    assert not any(name.startswith("ConfigMap") for name in without)
    assert external_network_items(with_network(lab, vpcs=())) == []


# --- floating addresses -------------------------------------------------------------------------------------------------------------


def test_nat_gateway_stays_on_gateway_hosts_of_one_zone(lab):
    vpc = lab.vpc("hosp-a-prod")
    spec = by_key(floating_address_items(lab, vpc))["VpcNatGateway/hosp-a-prod-nat"]["spec"]
    selector = dict(line.split(": ", 1) for line in spec["selector"])
    assert selector == {"kubernetes.io/os": "linux", names.ZONE: "az1", **GATEWAY_ROLE}
    assert spec["subnet"] == "hosp-a-az1"
    assert IPv4Address(spec["lanIp"]) in IPv4Network("10.101.0.0/20")
    hosts = [h for h in lab.hosts if matches(h, lab, {"matchLabels": {names.ZONE: "az1", **GATEWAY_ROLE}})]
    assert hosts


def test_nat_gateway_goes_where_a_gateway_host_is(lab):
    vpc = lab.vpc("shared-prod")
    only_az3 = vpc.model_copy(update={"subnets": tuple(reversed(vpc.subnets))})
    assert gateway_subnet(lab, only_az3).zone == "az3"


def test_nat_gateway_takes_no_address_that_is_taken(lab):
    vpc = lab.vpc("hosp-a-prod")
    top = IPv4Address("10.101.15.254")
    assert nat_address(lab, vpc) == top
    machines = tuple(
        vm.model_copy(update={"address": top}) if vm.name == "his-app-1" else vm for vm in lab.spec.compute.vms
    )
    site = with_spec(lab, compute=lab.spec.compute.model_copy(update={"vms": machines}))
    assert nat_address(site, vpc) == top - 1


def test_floating_address_leads_to_its_target(lab):
    vpc = lab.vpc("hosp-a-prod")
    items = floating_address_items(lab, vpc)
    found = by_key(items)
    rule = found["IptablesDnatRule/hosp-a-prod-his-public"]
    assert rule["spec"] == {
        "eip": "hosp-a-prod-198-18-8-20",
        "externalPort": "443",
        "internalIp": "10.101.0.100",
        "internalPort": "443",
        "protocol": "tcp",
    }
    assert rule["metadata"]["annotations"] == {names.TLS: "true"}
    assert found["IptablesEIP/hosp-a-prod-198-18-8-20"]["spec"]["v4ip"] == "198.18.8.20"
    assert [item.after for item in items] == [
        (),
        ("VpcNatGateway/hosp-a-prod-nat",),
        ("IptablesEIP/hosp-a-prod-198-18-8-20",),
    ]
    assert floating_address_items(lab, lab.vpc("shared-prod")) == []


def test_two_ports_share_one_outside_address(lab):
    vpc = lab.vpc("hosp-a-prod")
    second = vpc.floating_addresses[0].model_copy(update={"name": "other", "port": 8443})
    both = vpc.model_copy(update={"floating_addresses": (*vpc.floating_addresses, second)})
    kinds = [item.manifest["kind"] for item in floating_address_items(lab, both)]
    assert kinds == ["VpcNatGateway", "IptablesEIP", "IptablesDnatRule", "IptablesDnatRule"]


def test_answers_leave_through_the_gateway_they_came_in_by(lab):
    vpc = lab.vpc("hosp-a-prod")
    # The target is a layer-4 load balancer: its machines answer, from the port that they listen on.
    assert replies(lab, vpc) == [
        (IPv4Address("10.101.0.11"), "tcp", 8443),
        (IPv4Address("10.101.0.100"), "tcp", 443),
        (IPv4Address("10.101.16.11"), "tcp", 8443),
    ]
    spec = vpc_spec(lab, "hosp-a-prod")
    nat = str(nat_address(lab, vpc))
    rerouted = [route for route in spec["policyRoutes"] if route["priority"] == REPLY_PRIORITY]
    assert {route["nextHopIP"] for route in rerouted} == {nat}
    assert "ip4.src == 10.101.16.11 && tcp.src == 8443" in [route["match"] for route in rerouted]
    assert {"cidr": "0.0.0.0/0", "nextHopIP": nat, "policy": "policyDst"} in spec["staticRoutes"]
    assert not any(route["cidr"] == "0.0.0.0/0" for route in vpc_spec(lab, "shared-prod")["staticRoutes"])


# --- security groups ------------------------------------------------------------------------------------------------------------------


def test_security_group_allows_what_is_written_and_nothing_else(lab):
    found = by_key(security_group_items(lab, lab.vpc("hosp-a-prod")))
    spec = found["SecurityGroup/his-app"]["spec"]
    assert spec["allowSameGroupTraffic"] is False
    common = {"ipVersion": "ipv4", "policy": "allow"}
    assert spec["ingressRules"] == [
        {
            **common,
            "priority": 1,
            "protocol": "tcp",
            "remoteType": "address",
            "remoteAddress": "10.101.0.0/16",
            "portRangeMin": 8443,
            "portRangeMax": 8443,
        },
        {
            **common,
            "priority": 2,
            "protocol": "tcp",
            "remoteType": "address",
            "remoteAddress": "198.18.250.0/24",
            "portRangeMin": 22,
            "portRangeMax": 22,
        },
        {**common, "priority": 3, "protocol": "icmp", "remoteType": "address", "remoteAddress": "10.101.0.0/16"},
    ]
    assert spec["egressRules"][0] == {
        **common,
        "priority": 1,
        "protocol": "tcp",
        "remoteType": "securityGroup",
        "remoteSecurityGroup": "his-db",
        "portRangeMin": 1521,
        "portRangeMax": 1521,
    }


def test_all_groups_are_made_with_priorities_in_range(shipped):
    for vpc in shipped.spec.network.vpcs:
        items = security_group_items(shipped, vpc)
        assert [item.manifest["metadata"]["name"] for item in items] == [group.name for group in vpc.security_groups]
        for item in items:
            for side in ("ingressRules", "egressRules"):
                priorities = [rule["priority"] for rule in item.manifest["spec"][side]]
                assert len(set(priorities)) == len(priorities)
                assert all(1 <= priority <= MAX_PRIORITY for priority in priorities)


def test_every_group_that_a_machine_names_is_made(shipped):
    made = {
        item.manifest["metadata"]["name"]
        for vpc in shipped.spec.network.vpcs
        for item in security_group_items(shipped, vpc)
    }
    assert {group for vm in shipped.spec.compute.vms for group in vm.security_groups} <= made


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_port_ranges(first, last):
    assert port_range(f"{first}-{last}") == (first, last)
    assert port_range(str(first)) == (first, first)


def test_tcp_without_ports_is_every_port(lab):
    vpc = Vpc.model_validate(
        lab.vpc("shared-prod").model_dump()
        | {"security_groups": [{"name": "g", "ingress": [{"protocol": "udp", "cidr": "10.0.0.0/8"}]}]}
    )
    rule = security_group_items(lab, vpc)[0].manifest["spec"]["ingressRules"][0]
    assert (rule["portRangeMin"], rule["portRangeMax"]) == (1, 65535)
