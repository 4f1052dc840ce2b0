"""Stateless services."""

import pytest
from shipped import SITES, by_key, changed, site

from yiyun.components.application import application_items

LAB = site("lab")
PORTAL = LAB.application("his-portal")


def parts(app):
    """Manifests of one application by kind."""
    return {manifest["kind"]: manifest for manifest in by_key(application_items(LAB, app)).values()}


def pod(app):
    return parts(app)["Deployment"]["spec"]["template"]["spec"]


def where(app):
    terms = pod(app)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert len(terms) == 1
    return {each["key"]: (each["operator"], each["values"]) for each in terms[0]["matchExpressions"]}


@pytest.mark.parametrize("zones", [("az1",), ("az1", "az3"), ("az1", "az2", "az3")])
def test_pods_run_in_exactly_the_zones_named(zones):
    found = where(changed(PORTAL, zones=zones))
    assert found["topology.kubernetes.io/zone"] == ("In", list(zones))
    assert found["yiyun.io/role-worker"] == ("In", ["true"])


@pytest.mark.parametrize("arch", ["any", "amd64", "arm64"])
def test_pods_run_on_the_architecture_named(arch):
    wanted = None if arch == "any" else ("In", [arch])
    assert where(changed(PORTAL, arch=arch)).get("kubernetes.io/arch") == wanted


def test_pods_are_spread_evenly_over_zones():
    zone, host = pod(PORTAL)["topologySpreadConstraints"]
    assert (zone["topologyKey"], zone["maxSkew"]) == ("topology.kubernetes.io/zone", 1)
    assert zone["whenUnsatisfiable"] == "DoNotSchedule"
    assert host["topologyKey"] == "kubernetes.io/hostname"
    labels = parts(PORTAL)["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert zone["labelSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize("name", SITES)
def test_pods_meet_the_level_restricted(name):
    for app in site(name).spec.compute.applications:
        spec = pod(app)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for container in spec["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["readOnlyRootFilesystem"] is True
            assert "privileged" not in security
        assert all("hostPath" not in volume for volume in spec["volumes"])


def test_pods_have_an_account_of_their_own_without_a_token():
    assert pod(PORTAL)["serviceAccountName"] == PORTAL.name
    assert pod(PORTAL)["automountServiceAccountToken"] is False
    account = parts(PORTAL)["ServiceAccount"]
    assert account["metadata"]["name"] == PORTAL.name
    assert account["automountServiceAccountToken"] is False


def test_limits_are_what_is_requested():
    app = changed(PORTAL, cpu_millicores=1500, memory_mib=2048)
    resources = pod(app)["containers"][0]["resources"]
    assert resources["requests"] == {"cpu": "1500m", "memory": "2Gi"}
    assert resources["limits"] == resources["requests"]


@pytest.mark.parametrize(
    ("protocol", "kind"), [("http", "httpGet"), ("udp", "httpGet"), ("h2c", "tcpSocket"), ("tcp", "tcpSocket")]
)
def test_health_is_asked(protocol, kind):
    app = changed(PORTAL, protocol=protocol, health_path="/up")
    container = pod(app)["containers"][0]
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[name][kind]["port"] == app.port
        if kind == "httpGet":
            assert container[name][kind]["path"] == "/up"


@pytest.mark.parametrize(
    ("protocol", "transport", "application"),
    [("http", "TCP", "http"), ("h2c", "TCP", "kubernetes.io/h2c"), ("tcp", "TCP", None), ("udp", "UDP", None)],
)
def test_the_service_speaks_the_protocol(protocol, transport, application):
    app = changed(PORTAL, protocol=protocol)
    service = parts(app)["Service"]["spec"]
    port = service["ports"][0]
    assert (port["port"], port["protocol"], port.get("appProtocol")) == (app.port, transport, application)
    container_port = pod(app)["containers"][0]["ports"][0]
    assert port["targetPort"] == container_port["name"]
    assert (container_port["containerPort"], container_port["protocol"]) == (app.port, transport)
    labels = parts(app)["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert service["type"] == "ClusterIP"


def test_a_drain_takes_one_pod_at_a_time():
    budget = parts(PORTAL)["PodDisruptionBudget"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == parts(PORTAL)["Deployment"]["spec"]["selector"]


def test_an_update_never_takes_pods_away_first():
    strategy = parts(PORTAL)["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxUnavailable": 0, "maxSurge": 1}
