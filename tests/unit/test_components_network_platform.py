"""The platform stack: namespaces, quotas, default-deny, priorities, load balancer addresses, certificate authority."""

import pytest
from site_edits import with_network, with_spec

from yiyun.components.issuer import ISSUER, issuer_items
from yiyun.components.kubernetes import key
from yiyun.components.metallb import metallb_items
from yiyun.components.namespace import PLATFORM_NAMESPACES, REASON, VPC_GATEWAYS, namespace
from yiyun.components.network_policy import network_policy_items
from yiyun.components.platform_space import container_port, platform_space_items
from yiyun.components.priority import BATCH, PRIORITIES, priority_items
from yiyun.components.secret_refs import needed_secrets
from yiyun.components.tenant import tenant_items
from yiyun.site import labels as names

ENFORCE = "pod-security.kubernetes.io/enforce"


def by_key(items):
    return {key(item.manifest): item.manifest for item in items}


def policies(site, tenant):
    return {item.manifest["metadata"]["name"]: item.manifest for item in network_policy_items(site, tenant)}


def selected(labels, selector):
    """Whether a Kubernetes label selector takes labels; only the operators that we write."""
    wanted = selector.get("matchLabels", {})
    return all(labels.get(k) == v for k, v in wanted.items()) and all(
        labels.get(e["key"]) in e["values"] if e["operator"] == "In" else e["key"] in labels
        for e in selector.get("matchExpressions", [])
    )


# --- tenants ------------------------------------------------------------------------------------------------------


def test_namespace_comes_first_and_is_kept(shipped):
    for tenant in shipped.spec.tenants:
        items = tenant_items(shipped, tenant)
        home = f"Namespace/{tenant.name}"
        assert key(items[0].manifest) == home
        assert items[0].holds_data
        assert all(item.after == (home,) for item in items[1:])
        assert all(item.manifest["metadata"]["namespace"] == tenant.name for item in items[1:])


def test_tenant_labels_and_pod_security(lab):
    labels = by_key(tenant_items(lab, lab.tenant("shared-svc")))["Namespace/shared-svc"]["metadata"]["labels"]
    assert labels[names.TENANT] == "shared-svc"
    assert labels[names.MLPS_LEVEL] == "3"
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_databases_that_run_as_root_lower_the_level_with_a_reason(lab):
    metadata = by_key(tenant_items(lab, lab.tenant("hosp-a")))["Namespace/hosp-a"]["metadata"]
    assert metadata["labels"][ENFORCE] == "baseline"
    assert metadata["labels"]["pod-security.kubernetes.io/audit"] == "restricted"
    assert metadata["annotations"][REASON] == "pods of OceanBase his-core, TiDB emr-index run as root"
    without = with_spec(lab, databases=())
    metadata = by_key(tenant_items(without, lab.tenant("hosp-a")))["Namespace/hosp-a"]["metadata"]
    assert metadata["labels"][ENFORCE] == "restricted"
    assert REASON not in metadata.get("annotations", {})


def test_quota_is_the_tenants(lab):
    tenant = lab.tenant("hosp-a")
    hard = by_key(tenant_items(lab, tenant))["ResourceQuota/hosp-a/tenant"]["spec"]["hard"]
    assert hard["requests.cpu"] == str(tenant.cpu_quota)
    assert hard["requests.memory"] == f"{tenant.memory_quota_gib}Gi"
    assert hard["requests.storage"] == f"{tenant.storage_quota_gib}Gi"
    assert hard["pods"] == str(tenant.pod_quota)
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


def test_default_limits_spare_virtual_machines(lab):
    with_machines = by_key(tenant_items(lab, lab.tenant("hosp-a")))["LimitRange/hosp-a/defaults"]
    assert "default" not in with_machines["spec"]["limits"][0]
    empty = with_spec(lab, compute=lab.spec.compute.model_copy(update={"vms": ()}))
    without = by_key(tenant_items(empty, lab.tenant("hosp-a")))["LimitRange/hosp-a/defaults"]
    assert without["spec"]["limits"][0]["default"] == {"cpu": "1", "memory": "1Gi"}
    assert without["spec"]["limits"][0]["defaultRequest"]["memory"] == "128Mi"


# --- network policies of tenants ------------------------------------------------------------------------------------


def test_everything_is_denied_by_default(shipped):
    for tenant in shipped.spec.tenants:
        spec = policies(shipped, tenant)["default-deny"]["spec"]
        assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_rule_is_open_to_all(shipped):
    for tenant in shipped.spec.tenants:
        for name, policy in policies(shipped, tenant).items():
            for direction, peers in (("ingress", "from"), ("egress", "to")):
                for rule in policy["spec"].get(direction, []):
                    assert rule.get(peers), f"{name}: {direction} from anybody"
                    wide = [p for p in rule[peers] if p.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"]
                    assert not wide or (rule["ports"] and wide[0]["ipBlock"]["except"]), name


def test_application_is_reached_by_its_own_proxies_only(lab):
    found = policies(lab, lab.tenant("hosp-a"))
    assert {f"app.{app.name}" for app in lab.spec.compute.applications if app.tenant == "hosp-a"} == {
        name for name in found if name.startswith("app.")
    }
    spec = found["app.his-portal"]["spec"]
    assert spec["podSelector"] == {"matchLabels": {names.APPLICATION: "his-portal"}}
    rule = spec["ingress"][0]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
    proxies = rule["from"][0]
    assert proxies["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "envoy-gateway-system"}
    assert proxies["podSelector"]["matchLabels"]["gateway.envoyproxy.io/owning-gateway-name"] == "hosp-a-web"
    assert proxies["podSelector"]["matchLabels"]["gateway.envoyproxy.io/owning-gateway-namespace"] == "hosp-a"


def test_application_without_a_route_meets_no_proxy(lab):
    balancers = lab.spec.load_balancers.model_copy(update={"l7": ()})
    site = with_spec(lab, load_balancers=balancers)
    peers = policies(site, lab.tenant("hosp-a"))["app.his-portal"]["spec"]["ingress"][0]["from"]
    assert [set(peer) for peer in peers] == [{"podSelector"}]


def test_applications_reach_the_databases_of_their_tenant(lab):
    egress = policies(lab, lab.tenant("hosp-a"))["app.his-portal"]["spec"]["egress"]
    reached = {port["port"] for rule in egress for port in rule["ports"]}
    assert {2881, 4000} <= reached
    assert 5432 not in reached  # the PostgreSQL of the other tenant


@pytest.mark.parametrize(
    ("tenant", "name", "pod", "port"),
    [
        ("hosp-a", "his-core", {"ref-obcluster": "his-core"}, 2881),
        ("hosp-a", "emr-index", {"app.kubernetes.io/instance": "emr-index-arm64"}, 4000),
        ("shared-svc", "sso-db", {"cnpg.io/cluster": "sso-db"}, 5432),
    ],
)
def test_database_is_reached_from_allow_from(lab, tenant, name, pod, port):
    database = next(each for each in lab.spec.databases if each.name == name)
    spec = policies(lab, lab.tenant(tenant))[f"db.{name}"]["spec"]
    assert selected(pod, spec["podSelector"])
    logins = spec["ingress"][0]
    assert port in [each["port"] for each in logins["ports"]]
    blocks = [peer["ipBlock"]["cidr"] for peer in logins["from"] if "ipBlock" in peer]
    assert blocks == [str(network) for network in database.allow_from]
    itself = spec["ingress"][1]["from"]
    assert any(selected(pod, peer["podSelector"]) for peer in itself)
    assert "ports" not in spec["ingress"][1]


def test_connection_pool_and_backup_jobs_reach_their_database(lab):
    shared, hosp = policies(lab, lab.tenant("shared-svc")), policies(lab, lab.tenant("hosp-a"))
    pool = shared["db.sso-db.helpers"]["spec"]
    assert selected({names.DATABASE: "sso-db"}, pool["podSelector"])
    assert pool["policyTypes"] == ["Ingress", "Egress"]
    assert any(selected({"cnpg.io/cluster": "sso-db"}, peer["podSelector"]) for peer in pool["egress"][0]["to"])
    jobs = hosp["db.emr-index.helpers"]["spec"]
    assert jobs["policyTypes"] == ["Egress"]  # nobody talks to a job


def test_images_are_not_fetched_from_management_or_storage(lab):
    rule = policies(lab, lab.tenant("hosp-a"))["image-import"]["spec"]["egress"][0]
    network = lab.spec.network
    assert rule["to"][0]["ipBlock"]["except"] == [str(network.management), str(network.storage)]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
    no_machines = with_spec(lab, compute=lab.spec.compute.model_copy(update={"vms": ()}))
    assert "image-import" not in policies(no_machines, lab.tenant("hosp-a"))


# --- the platform's own namespaces -----------------------------------------------------------------------------------


def test_platform_namespaces_say_why_they_are_not_restricted(lab):
    found = by_key(platform_space_items(lab))
    for each in PLATFORM_NAMESPACES:
        metadata = found[f"Namespace/{each.name}"]["metadata"]
        assert metadata["labels"][ENFORCE] == each.level
        assert (REASON in metadata.get("annotations", {})) == (each.level != "restricted")
    levels = {each.name: each.level for each in PLATFORM_NAMESPACES}
    assert levels["envoy-gateway-system"] == levels["cert-manager"] == "restricted"


def test_namespace_refuses_a_level_without_a_reason():
    with pytest.raises(ValueError, match="do not fit"):
        namespace("x", "privileged")
    with pytest.raises(ValueError, match="do not fit"):
        namespace("x", "restricted", "because")


def test_platform_namespaces_deny_by_default_and_come_first(shipped):
    items = platform_space_items(shipped)
    for each in PLATFORM_NAMESPACES:
        mine = [item for item in items if item.manifest["metadata"].get("namespace") == each.name]
        assert mine[0].manifest["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        assert all(item.after == (f"Namespace/{each.name}",) for item in mine)
    kept = {item.manifest["metadata"]["name"] for item in items if item.holds_data}
    assert kept == {"rook-ceph", "rook-ceph-object", "velero"}


def test_object_gateways_are_reached_by_tenants_and_velero(lab):
    spec = by_key(platform_space_items(lab))["NetworkPolicy/rook-ceph-object/object-gateways"]["spec"]
    selectors = [peer["namespaceSelector"] for peer in spec["ingress"][0]["from"]]
    assert any(selected({names.TENANT: "hosp-a"}, selector) for selector in selectors)
    assert any(selected({"kubernetes.io/metadata.name": "velero"}, selector) for selector in selectors)
    assert not any(selected({"kubernetes.io/metadata.name": "cdi"}, selector) for selector in selectors)


def test_proxies_are_open_on_published_ports_only(lab):
    rule = by_key(platform_space_items(lab))["NetworkPolicy/envoy-gateway-system/proxies"]["spec"]["ingress"][0]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {
        ("TCP", 10080),
        ("TCP", 10443),
        ("TCP", 2575),
        ("UDP", 6514),
    }
    assert [container_port(port) for port in (443, 1023, 1024, 2575)] == [10443, 11023, 1024, 2575]


def test_egress_gateways_pass_traffic_of_their_vpc_only(lab):
    found = by_key(platform_space_items(lab))
    spec = found[f"NetworkPolicy/{VPC_GATEWAYS}/egress.hosp-a-prod"]["spec"]
    blocks = [peer["ipBlock"]["cidr"] for peer in spec["ingress"][0]["from"]]
    assert blocks == ["10.101.0.0/16", "169.254.255.254/32"]
    assert spec["egress"][0]["to"] == spec["ingress"][0]["from"]
    assert spec["podSelector"] == {"matchLabels": {"ovn.kubernetes.io/vpc-egress-gateway": "hosp-a-prod-egress"}}


# --- priorities, addresses, authority ----------------------------------------------------------------------------------


def test_priorities_are_ordered_and_batch_evicts_nobody(lab):
    values = [priority.value for priority in PRIORITIES]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)
    assert max(values) < 1_000_000_000  # above that only Kubernetes' own
    found = by_key(priority_items(lab))
    assert not any(manifest["globalDefault"] for manifest in found.values())
    never = [name for name, manifest in found.items() if manifest["preemptionPolicy"] == "Never"]
    assert never == [f"PriorityClass/{BATCH}"]


def test_only_ingress_gateways_take_addresses(shipped):
    pool = by_key(metallb_items(shipped))["IPAddressPool/metallb-system/platform"]["spec"]
    assert pool["addresses"] == [shipped.spec.network.external.load_balancer_range]
    assert pool["autoAssign"] is False
    assert pool["serviceAllocation"]["namespaces"] == ["envoy-gateway-system"]


def test_leaf_switches_are_watched_by_bfd_from_their_own_zone(lab):
    items = metallb_items(lab)
    found = by_key(items)
    profile = found["BFDProfile/metallb-system/fast"]["spec"]
    assert profile["receiveInterval"] * profile["detectMultiplier"] < 1000
    for peer in lab.spec.network.bgp_peers:
        spec = found[f"BGPPeer/metallb-system/{peer.name}"]["spec"]
        assert spec["bfdProfile"] == "fast"
        assert spec["nodeSelectors"] == [{"matchLabels": {names.ZONE: peer.zone}}]
        assert (spec["myASN"], spec["peerASN"]) == (lab.spec.network.bgp_asn, peer.asn)
    advertised = found["BGPAdvertisement/metallb-system/platform"]["spec"]
    assert advertised["peers"] == [peer.name for peer in lab.spec.network.bgp_peers]
    assert not any(name.startswith("L2") for name in found)


def test_without_bgp_addresses_are_announced_by_arp(lab):
    found = by_key(metallb_items(with_network(lab, bgp_peers=())))
    assert found["L2Advertisement/metallb-system/platform"]["spec"]["interfaces"] == ["bond1"]
    assert not any(name.startswith(("BGP", "BFD")) for name in found)


def test_issuer_signs_with_the_site_key_pair(lab):
    manifest = issuer_items(lab)[0].manifest
    assert manifest["metadata"]["name"] == ISSUER
    secret = manifest["spec"]["ca"]["secretName"]
    needed = {(ref.namespace, ref.name): ref for ref in needed_secrets(lab)}
    assert set(needed[("cert-manager", secret)].keys) == {"tls.crt", "tls.key"}
