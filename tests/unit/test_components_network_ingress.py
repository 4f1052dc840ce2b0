"""The ingress stack: layer-4 load balancers, the gateway class, layer-7 load balancers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_edits import with_l7, with_spec

from yiyun.components.gateway_class import CLASS, CONTROLLER, gateway_class_items
from yiyun.components.kubernetes import key
from yiyun.components.l4 import l4_items
from yiyun.components.l7 import READ_METHODS, covers, l7_items, route_name
from yiyun.components.metallb import POOL
from yiyun.components.network_policy import protocol_of
from yiyun.components.priority import PRIORITIES
from yiyun.site import labels as names
from yiyun.site.model import Route

WEAK = ("CBC", "RC4", "3DES", "MD5", "NULL", "EXPORT", "-SHA")


def by_key(items):
    return {key(item.manifest): item.manifest for item in items}


def l7(site, name):
    return next(each for each in site.spec.load_balancers.l7 if each.name == name)


def built(site, name):
    return by_key(l7_items(site, l7(site, name)))


def specs(found, kind):
    return {manifest["metadata"]["name"]: manifest["spec"] for manifest in found.values() if manifest["kind"] == kind}


# --- layer 4 -----------------------------------------------------------------------------------------------------------


def test_l4_sends_tcp_and_udp_to_its_machines(lab):
    found = by_key(item for l4 in lab.spec.load_balancers.l4 for item in l4_items(lab, l4))
    rule = found["SwitchLBRule/directory-lb"]
    assert rule["spec"] == {
        "vip": "10.102.0.100",
        "namespace": "shared-svc",
        "endpoints": ["10.102.0.11", "10.102.32.11"],
        "sessionAffinity": "None",
        "ports": [
            {"name": "ldaps", "protocol": "TCP", "port": 636, "targetPort": 636},
            {"name": "ntp", "protocol": "UDP", "port": 123, "targetPort": 123},
        ],
    }
    assert found["SwitchLBRule/his-app-lb"]["spec"]["sessionAffinity"] == "ClientIP"


def test_l4_names_its_vpc_and_checks_health(shipped):
    for spec in shipped.spec.load_balancers.l4:
        annotations = l4_items(shipped, spec)[0].manifest["metadata"]["annotations"]
        assert annotations["ovn.kubernetes.io/logical_router"] == spec.vpc
        subnet = shipped.subnet(annotations["ovn.kubernetes.io/logical_switch"])
        assert spec.address in subnet.cidr
        assert shipped.vpc_of_subnet(subnet.name).name == spec.vpc
        assert annotations["ovn.kubernetes.io/service_health_check"] == "true"


# --- gateway class -------------------------------------------------------------------------------------------------------


def test_proxies_survive_a_zone(shipped):
    found = by_key(gateway_class_items(shipped))
    provider = found[f"EnvoyProxy/envoy-gateway-system/{CLASS}"]["spec"]["provider"]["kubernetes"]
    deployment = provider["envoyDeployment"]
    assert deployment["replicas"] >= 3
    zones = next(c for c in deployment["pod"]["topologySpreadConstraints"] if c["topologyKey"] == names.ZONE)
    assert (zones["maxSkew"], zones["whenUnsatisfiable"]) == (1, "DoNotSchedule")
    assert zones["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "proxy"
    assert "gateway.envoyproxy.io/owning-gateway-name" in zones["matchLabelKeys"]
    assert provider["envoyPDB"] == {"maxUnavailable": 1}
    assert deployment["pod"]["priorityClassName"] in {priority.name for priority in PRIORITIES}


def test_a_site_of_one_zone_still_has_three_proxies(lab):
    found = by_key(gateway_class_items(with_spec(lab, zones=lab.spec.zones[:1])))
    provider = found[f"EnvoyProxy/envoy-gateway-system/{CLASS}"]["spec"]["provider"]["kubernetes"]
    assert provider["envoyDeployment"]["replicas"] == 3


def test_proxies_take_platform_addresses_and_log_clients(lab):
    found = by_key(gateway_class_items(lab))
    proxy = found[f"EnvoyProxy/envoy-gateway-system/{CLASS}"]["spec"]
    service = proxy["provider"]["kubernetes"]["envoyService"]
    assert service["annotations"] == {"metallb.io/address-pool": POOL}
    assert service["externalTrafficPolicy"] == "Local"  # else the log would show a node's address
    fields = proxy["telemetry"]["accessLog"]["settings"][0]["format"]["json"]
    assert {"time", "client", "path", "status"} <= set(fields)
    assert proxy["provider"]["kubernetes"]["envoyDeployment"]["container"]["image"].startswith(lab.spec.registry)


def test_class_is_envoy_gateways(lab):
    items = gateway_class_items(lab)
    spec = by_key(items)[f"GatewayClass/{CLASS}"]["spec"]
    assert spec["controllerName"] == CONTROLLER
    assert items[1].after == (f"EnvoyProxy/envoy-gateway-system/{CLASS}",)


# --- layer 7: listeners and TLS ---------------------------------------------------------------------------------------------


def test_every_hostname_has_a_listener_and_a_certificate(shipped):
    for spec in shipped.spec.load_balancers.l7:
        found = built(shipped, spec.name)
        certificates = specs(found, "Certificate")
        assert sorted(c["dnsNames"] for c in certificates.values()) == sorted([host] for host in spec.hostnames)
        listeners = specs(found, "Gateway")[spec.name]["listeners"]
        https = [listener for listener in listeners if listener["protocol"] == "HTTPS"]
        assert [listener["hostname"] for listener in https] == list(spec.hostnames)
        for listener in https:
            assert listener["port"] == 443
            secret = listener["tls"]["certificateRefs"][0]["name"]
            assert certificates[secret]["secretName"] == secret
            assert certificates[secret]["dnsNames"] == [listener["hostname"]]
        assert len({listener["name"] for listener in listeners}) == len(listeners)


def test_tls_has_a_modern_floor(shipped):
    for spec in shipped.spec.load_balancers.l7:
        policy = specs(built(shipped, spec.name), "ClientTrafficPolicy")[spec.name]
        assert policy["targetRefs"] == [
            {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": spec.name}
        ]  # the whole Gateway: no listener is forgotten
        tls = policy["tls"]
        assert tls["minVersion"] == "1.2"
        assert tls["alpnProtocols"] == ["h2", "http/1.1"]
        assert tls["ciphers"]
        for cipher in tls["ciphers"]:
            assert cipher.startswith("ECDHE-")
            assert not any(cipher.endswith(weak) or f"{weak}-" in cipher for weak in WEAK)


def test_certificates_are_renewed_with_new_keys(lab):
    for certificate in specs(built(lab, "hosp-a-web"), "Certificate").values():
        assert certificate["privateKey"]["rotationPolicy"] == "Always"
        assert certificate["issuerRef"]["kind"] == "ClusterIssuer"
        hours = [int(certificate[field].removesuffix("h")) for field in ("duration", "renewBefore")]
        assert hours[0] <= 90 * 24
        assert hours[0] > hours[1] >= 24 * 7


def test_plain_http_only_redirects(shipped):
    for spec in shipped.spec.load_balancers.l7:
        routes = specs(built(shipped, spec.name), "HTTPRoute")
        plain = {
            name: route
            for name, route in routes.items()
            if any(parent["sectionName"] == "http" for parent in route["parentRefs"])
        }
        assert list(plain) == [f"{spec.name}.redirect"]
        redirect = plain[f"{spec.name}.redirect"]["rules"][0]
        assert redirect["filters"][0]["requestRedirect"] == {"scheme": "https", "statusCode": 301}
        assert "backendRefs" not in redirect


def test_without_tls_everything_is_plain_and_nothing_pretends(lab):
    site = with_l7(lab, "hosp-a-web", tls=False)
    found = built(site, "hosp-a-web")
    assert {l["protocol"] for l in specs(found, "Gateway")["hosp-a-web"]["listeners"]} == {"HTTP", "TCP"}  # noqa: E741
    assert specs(found, "Certificate") == {}
    assert "tls" not in specs(found, "ClientTrafficPolicy")["hosp-a-web"]
    routes = specs(found, "HTTPRoute")
    assert "hosp-a-web.redirect" not in routes
    assert all(parent["sectionName"] == "http" for route in routes.values() for parent in route["parentRefs"])


# --- layer 7: routes -------------------------------------------------------------------------------------------------------------


def test_every_route_attaches_to_listeners_of_its_host(shipped):
    for spec in shipped.spec.load_balancers.l7:
        found = built(shipped, spec.name)
        listeners = {each["name"]: each for each in specs(found, "Gateway")[spec.name]["listeners"]}
        routes = specs(found, "HTTPRoute")
        for route in spec.routes:
            made = routes[route_name(spec, route)]
            assert made["hostnames"] == [route.host]
            assert made["parentRefs"]
            for parent in made["parentRefs"]:
                assert covers(listeners[parent["sectionName"]]["hostname"], route.host)
            backends = {(b["name"], b["port"]) for rule in made["rules"] for b in rule["backendRefs"]}
            assert backends == {(route.application, shipped.application(route.application).port)}


def test_only_reads_are_repeated_after_a_lost_answer(shipped):
    for spec in shipped.spec.load_balancers.l7:
        found = built(shipped, spec.name)
        routes, policies = specs(found, "HTTPRoute"), specs(found, "BackendTrafficPolicy")
        for route in spec.routes:
            name = route_name(spec, route)
            read, write = routes[name]["rules"]
            assert [match["method"] for match in read["matches"]] == list(READ_METHODS)
            assert {match["path"]["value"] for match in (*read["matches"], *write["matches"])} == {route.path}
            assert all("method" not in match for match in write["matches"])
            target = policies[f"{name}.read"]["targetRefs"][0]
            assert (target["name"], target["sectionName"]) == (name, read["name"])
            assert "reset" in policies[f"{name}.read"]["retry"]["retryOn"]["triggers"]
            everything = policies[name]["retry"]["retryOn"]
            assert "sectionName" not in policies[name]["targetRefs"][0]
            assert "reset" not in everything["triggers"]
            assert "httpStatusCodes" not in everything


def test_health_checks_and_retries_are_always_on(shipped):
    for spec in shipped.spec.load_balancers.l7:
        found = built(shipped, spec.name)
        policies = specs(found, "BackendTrafficPolicy")
        targets = {(t["kind"], t["name"]) for policy in policies.values() for t in policy["targetRefs"]}
        assert ("Gateway", spec.name) in targets
        assert {("HTTPRoute", route_name(spec, route)) for route in spec.routes} <= targets
        for policy in policies.values():
            assert policy["retry"]["numRetries"] >= 1
            assert policy["healthCheck"]["active"]["type"] in ("HTTP", "TCP")
            assert policy["healthCheck"]["passive"]["maxEjectionPercent"] < 100


def test_health_is_asked_where_the_application_answers(lab):
    policies = specs(built(lab, "hosp-a-web"), "BackendTrafficPolicy")
    portal = policies["hosp-a-web.his.hosp-a.lab.yiyun.example"]["healthCheck"]["active"]
    assert (portal["type"], portal["http"]["path"]) == ("HTTP", "/healthz")
    fhir = policies["hosp-a-web.his.hosp-a.lab.yiyun.example.fhir"]["healthCheck"]["active"]
    assert fhir["type"] == "TCP"  # h2c: Envoy Gateway would ask in HTTP/1.1
    assert "http" not in fhir


def test_websocket_has_no_time_limit(lab):
    found = built(lab, "hosp-a-web")
    name = "hosp-a-web.his.hosp-a.lab.yiyun.example.ws"
    assert {rule["timeouts"]["request"] for rule in specs(found, "HTTPRoute")[name]["rules"]} == {"0s"}
    policies = specs(found, "BackendTrafficPolicy")
    assert policies[name]["httpUpgrade"] == policies[f"{name}.read"]["httpUpgrade"] == [{"type": "websocket"}]
    other = "hosp-a-web.his.hosp-a.lab.yiyun.example"
    assert "httpUpgrade" not in policies[other]
    assert all(rule["timeouts"]["request"] != "0s" for rule in specs(found, "HTTPRoute")[other]["rules"])


def test_streams(lab):
    mllp, syslog = built(lab, "hosp-a-web"), built(lab, "shared-web")
    listener = next(each for each in specs(mllp, "Gateway")["hosp-a-web"]["listeners"] if each["name"] == "mllp")
    assert (listener["protocol"], listener["port"]) == ("TLS", 2575)
    assert listener["tls"]["mode"] == "Terminate"
    assert listener["allowedRoutes"]["kinds"] == [{"kind": "TCPRoute"}]
    route = specs(mllp, "TCPRoute")["hosp-a-web.mllp"]
    assert route["parentRefs"] == [{"name": "hosp-a-web", "sectionName": "mllp"}]
    assert route["rules"][0]["backendRefs"][0]["name"] == "mllp"
    udp = next(each for each in specs(syslog, "Gateway")["shared-web"]["listeners"] if each["name"] == "syslog")
    assert udp["protocol"] == "UDP"
    assert "tls" not in udp
    assert "shared-web.syslog" in specs(syslog, "UDPRoute")
    assert protocol_of(lab.application("log-intake")) == "UDP"


def test_a_stream_in_plain_text_must_be_written(lab):
    spec = l7(lab, "hosp-a-web")
    plain = tuple(stream.model_copy(update={"tls": False}) for stream in spec.streams)
    found = built(with_l7(lab, "hosp-a-web", streams=plain), "hosp-a-web")
    listener = next(each for each in specs(found, "Gateway")["hosp-a-web"]["listeners"] if each["name"] == "mllp")
    assert listener["protocol"] == "TCP"
    assert "tls" not in listener


# --- names ----------------------------------------------------------------------------------------------------------------------

paths = st.text("abAB01/-_.%~", max_size=12).map(lambda text: "/" + text)


@given(st.sets(paths, min_size=2, max_size=6))
def test_routes_of_different_paths_have_different_valid_names(lab, found):
    spec = l7(lab, "hosp-a-web")
    # `/a/` and `/a` are one prefix to a gateway; the site's checks refuse both together.
    distinct = {path.strip("/"): path for path in found}
    made = [route_name(spec, Route(host="a.b.cn", path=path, application="x")) for path in distinct.values()]
    assert len(set(made)) == len(made)
    for name in made:
        assert all(part and part[0].isalnum() and part[-1].isalnum() for part in name.split(".")), name


@pytest.mark.parametrize(
    ("hostname", "host", "covered"),
    [
        ("a.b.cn", "a.b.cn", True),
        ("*.b.cn", "a.b.cn", True),
        ("*.b.cn", "b.cn", False),
        ("a.b.cn", "c.b.cn", False),
        ("*.b.cn", "ab.cn", False),
    ],
)
def test_wildcards(hostname, host, covered):
    assert covers(hostname, host) is covered
