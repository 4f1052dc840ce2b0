"""The embedded control plane itself: parts, people, secrets, audit, repair, and labs side by side."""

import base64
import dataclasses
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Address

import psutil
import pytest
import yaml
from waiting import wait_until

from yiyun import crds, toolchain
from yiyun.crds import sources
from yiyun.errors import UserError
from yiyun.lab import lab as lab_module
from yiyun.lab import nodes, parts, people
from yiyun.lab.api import Api, ApiError, Target, Unreachable, in_parallel
from yiyun.lab.lab import Lab
from yiyun.lab.pki import Pair
from yiyun.paths import CHECKOUT
from yiyun.site import Site

pytestmark = pytest.mark.lab

MEMORY_MB = 900
NAMESPACE = "ward"


def say(text):
    print(text)  # noqa: T201  # shown when a test fails


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A state directory of this module's own."""
    directory = tmp_path_factory.mktemp("lab-state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(directory))
        toolchain.ensure(parts.NAMES, say)
        yield directory


@pytest.fixture(scope="module")
def site(home):
    return Site.load(CHECKOUT / "inventories" / "lab")


@pytest.fixture(scope="module")
def lab(site):
    """A lab brought up from nothing, with one namespace."""
    made = Lab(site)
    made.up(say)
    session(made, "ops").apply(f"/api/v1/namespaces/{NAMESPACE}", named("v1", "Namespace", NAMESPACE, None))
    yield made
    made.reset()


def session(lab, person, headers=()):
    """A session made of nothing but the person's kubeconfig."""
    config = yaml.safe_load(lab.kubeconfig(person).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    directory = lab.layout.root / "session" / person
    directory.mkdir(parents=True, exist_ok=True)
    contents = {
        "ca": cluster["certificate-authority-data"],
        "crt": user["client-certificate-data"],
        "key": user["client-key-data"],
    }
    for name, content in contents.items():
        (directory / name).write_bytes(base64.b64decode(content))
    client = Pair(directory / "crt", directory / "key")
    return Api(Target(cluster["server"], directory / "ca", client), headers)


def named(version, kind, name, namespace=NAMESPACE, **content):
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        **content,
    }


def status_of(api, method, path, body=None, content_type="application/json"):
    """HTTP status of one request, and what the server said."""
    try:
        api.request(method, path, body, content_type=content_type)
    except ApiError as error:
        return error.status, error.message
    return 200, ""


def states(lab):
    return {part.name: part.state for part in lab.status()}


def pids(lab):
    return {part.name: part.pid for part in lab.status()}


# --- up ----------------------------------------------------------------------------------------------------------


def test_all_parts_run_and_every_host_is_a_ready_node(lab, site):
    assert states(lab) == dict.fromkeys(parts.NAMES, "running")
    assert lab.running
    items = session(lab, "auditor").get("/api/v1/nodes")["items"]
    assert {item["metadata"]["name"] for item in items} == {host.name for host in site.hosts}
    assert {item["metadata"]["labels"]["kubernetes.io/arch"] for item in items} == {"amd64", "arm64"}
    assert not nodes.not_ready(session(lab, "auditor"), {host.name for host in site.hosts})
    for host in site.hosts:
        item = next(item for item in items if item["metadata"]["name"] == host.name)
        assert item["metadata"]["labels"]["topology.kubernetes.io/zone"] == host.zone
        assert item["status"]["capacity"]["memory"] == f"{host.memory_gib}Gi"
        control_only = "control" in host.roles and "worker" not in host.roles
        keys = {taint["key"] for taint in item["spec"].get("taints", ())}
        assert ("node-role.kubernetes.io/control-plane" in keys) == control_only


def test_taints_of_new_nodes_are_lifted(lab, site):
    """Without the controller-manager's node controller no pod would ever be placed."""
    api = session(lab, "ops")

    def held():
        items = api.get("/api/v1/nodes")["items"]
        return [t for item in items for t in item["spec"].get("taints", ()) if t["key"].endswith("not-ready")]

    wait_until(lambda: not held())


def test_second_up_changes_nothing_and_is_quick(lab):
    before, lines = pids(lab), []
    started = time.monotonic()
    lab.up(lines.append)
    assert time.monotonic() - started < 20
    assert pids(lab) == before
    assert "kinds: 84 (0 added, 0 changed)" in lines
    assert "nodes: 12 (0 added, 0 changed, 0 removed)" in lines


def test_memory_of_all_parts(lab):
    resident = {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in pids(lab).items()}
    assert sum(resident.values()) < MEMORY_MB, resident


def test_everything_listens_on_loopback_only(lab):
    for pid in pids(lab).values():
        for connection in psutil.Process(pid).net_connections():
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1"


def test_every_locked_kind_is_served_with_its_real_schema(lab):
    assert lab.unchecked_kinds == set()
    api = session(lab, "auditor")
    for kind in crds.read().kinds:
        for version in kind.versions:
            if version.served:
                assert api.get(f"/apis/{kind.group}/{version.name}/{kind.plural}")["items"] == []


def test_misspelled_field_is_refused(lab):
    vpc = named("kubeovn.io/v1", "Vpc", "typo", None, spec={"staticRoute": []})
    status, message = status_of(
        session(lab, "ops"), "POST", "/apis/kubeovn.io/v1/vpcs?dryRun=All&fieldValidation=Strict", vpc
    )
    assert (status, "staticRoute" in message) == (400, True)


def test_changed_and_removed_hosts(lab, site):
    changed = site.hosts[1].model_copy(update={"memory_gib": 999, "address": IPv4Address("198.18.9.9")})
    fewer = dataclasses.replace(site, hosts=(site.hosts[0], changed, *site.hosts[3:]))
    api = session(lab, "ops")
    taint = {"spec": {"taints": [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]}}
    api.request("PATCH", f"/api/v1/nodes/{changed.name}", taint, content_type="application/merge-patch+json")
    lines = []
    try:
        Lab(fewer).up(lines.append)
        assert "nodes: 11 (0 added, 1 changed, 1 removed)" in lines
        node = api.get(f"/api/v1/nodes/{changed.name}")
        assert node["status"]["capacity"]["memory"] == "999Gi"
        assert "node.kubernetes.io/out-of-service" in {t["key"] for t in node["spec"]["taints"]}  # left to `ops`
        assert status_of(api, "GET", f"/api/v1/nodes/{site.hosts[2].name}")[0] == 404
    finally:
        lab.up(lines.append)
    assert "nodes: 12 (1 added, 1 changed, 0 removed)" in lines


# --- pods --------------------------------------------------------------------------------------------------------


def deployment(name, replicas, selector, **pod):
    container = {
        "name": "main",
        "image": "registry.example/x:1",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod_spec = {"nodeSelector": selector, "containers": [container], **pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod_spec}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return named("apps/v1", "Deployment", name, spec=spec)


@pytest.mark.parametrize(
    "selector",
    [
        {"topology.kubernetes.io/zone": "az2"},
        {"kubernetes.io/arch": "arm64", "topology.kubernetes.io/zone": "az3"},
        {"yiyun.io/cpu-family": "kunpeng"},
    ],
)
def test_pods_of_a_deployment_land_where_they_should(lab, selector):
    api, name = session(lab, "ops"), f"d{hashlib.sha256(str(selector).encode()).hexdigest()[:8]}"
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}"
    api.apply(path, deployment(name, 3, selector))
    wait_until(lambda: api.get(path)["status"].get("readyReplicas") == 3)
    pods = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{name}")["items"]
    assert len(pods) == 3
    for pod in pods:
        assert pod["status"]["phase"] == "Running"
        labels = api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}")["metadata"]["labels"]
        assert selector.items() <= labels.items()
    api.request("DELETE", f"{path}?propagationPolicy=Background")
    wait_until(lambda: not api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{name}")["items"])


def test_a_job_is_never_done_by_simulated_nodes(lab):
    api, path = session(lab, "ops"), f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/purge"
    template = deployment("purge", 1, {}, restartPolicy="Never")["spec"]["template"]
    api.apply(path, named("batch/v1", "Job", "purge", spec={"template": template}))
    wait_until(lambda: api.get(path)["status"].get("active") == 1 and api.get(path)["status"].get("ready") == 1)
    assert "succeeded" not in api.get(path)["status"]
    api.request("DELETE", f"{path}?propagationPolicy=Background")
    wait_until(lambda: not api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3Dpurge")["items"])


def test_privileged_pod_is_refused_where_the_namespace_says_nothing(lab):
    container = {"name": "main", "image": "x", "securityContext": {"privileged": True}}
    pod = named("v1", "Pod", "root", spec={"containers": [container]})
    status, message = status_of(session(lab, "ops"), "POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    assert status == 403
    assert 'violates PodSecurity "baseline' in message


# --- people ------------------------------------------------------------------------------------------------------

POD = "/api/v1/namespaces/ward/pods/x"
MAPS = "/api/v1/namespaces/ward/configmaps"
MAP = named("v1", "ConfigMap", "by-hand", data={"k": "v"})
TOKEN = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
EVICTION = named("policy/v1", "Eviction", "x")
MERGE, APPLY = "application/merge-patch+json", "application/apply-patch+yaml"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
TO_ADMIN = named(
    "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding",
    "more",
    None,
    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ci"}],
)
ALL_SECRETS = named(
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    "more",
    None,
    rules=[{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
)
POLICY_PATH = f"{people.ADMISSION}/validatingadmissionpolicies/{people.POLICY}"
BINDING_PATH = f"{people.ADMISSION}/validatingadmissionpolicybindings/{people.POLICY}"
WEBHOOK = named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "x", None, webhooks=[])

# Refused to both, dry run or not. `{node}` is filled in.
REFUSED = {
    "get secret": ("GET", "/api/v1/namespaces/ward/secrets/x"),
    "list secrets": ("GET", "/api/v1/secrets"),
    "watch secrets": ("GET", "/api/v1/secrets?watch=true&timeoutSeconds=1"),
    "create secret": ("POST", "/api/v1/namespaces/ward/secrets", named("v1", "Secret", "x")),
    "node proxy": ("GET", "/api/v1/nodes/{node}/proxy/metrics"),
    "pod proxy": ("GET", POD + "/proxy/"),
    "service proxy": ("GET", "/api/v1/namespaces/ward/services/x/proxy/"),
    "exec": ("POST", POD + "/exec?command=id"),
    "exec by get": ("GET", POD + "/exec?command=id"),
    "attach": ("POST", POD + "/attach"),
    "port-forward": ("POST", POD + "/portforward"),
    "ephemeral container": ("PATCH", POD + "/ephemeralcontainers", {}, MERGE),
    "pod log": ("GET", POD + "/log"),
    "evict": ("POST", POD + "/eviction", EVICTION),
    "bind pod": ("POST", POD + "/binding", named("v1", "Binding", "x", target={"kind": "Node", "name": "n"})),
    "token": ("POST", "/api/v1/namespaces/ward/serviceaccounts/default/token", TOKEN),
    "delete": ("DELETE", MAPS + "/kube-root-ca.crt"),
    "delete collection": ("DELETE", MAPS),
    "status": ("PATCH", POD + "/status", {}, MERGE),
    "scale": ("PATCH", "/apis/apps/v1/namespaces/ward/deployments/x/scale", {}, MERGE),
    "cordon": ("PATCH", "/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}, MERGE),
    "delete node": ("DELETE", "/api/v1/nodes/{node}"),
    "finalize": ("PUT", "/api/v1/namespaces/ward/finalize", named("v1", "Namespace", "ward", None)),
    "bind role": ("POST", RBAC + "/clusterrolebindings", TO_ADMIN),
    "escalate": ("POST", RBAC + "/clusterroles", ALL_SECRETS),
    "change own role": ("PATCH", RBAC + "/clusterroles/yiyun:ci", {"rules": ALL_SECRETS["rules"]}, MERGE),
    "delete policy": ("DELETE", POLICY_PATH),
    "change policy": ("PATCH", POLICY_PATH, {"spec": {"matchConditions": []}}, MERGE),
    "delete binding": ("DELETE", BINDING_PATH),
    "change binding": ("PATCH", BINDING_PATH, {"spec": {"validationActions": ["Audit"]}}, MERGE),
    "create webhook": ("POST", f"{people.ADMISSION}/validatingwebhookconfigurations", WEBHOOK),
    "create kind": ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {}),
    "review token": ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}}),
    "sign": ("PATCH", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", {}, MERGE),
    "metrics": ("GET", "/metrics"),
    "profile": ("GET", "/debug/pprof/"),
    "node logs": ("GET", "/logs/"),
}

# Refused to `auditor` always; to `ci` unless it is a dry run.
WRITES = {
    "create": ("POST", MAPS, MAP),
    "apply": ("PATCH", MAPS + "/by-hand?fieldManager=x", MAP, APPLY),
    "update": ("PUT", MAPS + "/there", {**MAP, "metadata": {"name": "there", "namespace": NAMESPACE}}),
    "patch": ("PATCH", MAPS + "/there", {"data": {"k": "other"}}, MERGE),
    "create namespace": ("POST", "/api/v1/namespaces", named("v1", "Namespace", "by-hand", None)),
    "create service account": (
        "POST",
        "/api/v1/namespaces/ward/serviceaccounts",
        named("v1", "ServiceAccount", "by-hand"),
    ),
    "create deployment": ("POST", "/apis/apps/v1/namespaces/ward/deployments", deployment("by-hand", 1, {})),
    "apply custom": (
        "PATCH",
        "/apis/kubeovn.io/v1/vpcs/by-hand?fieldManager=x&fieldValidation=Strict",
        named("kubeovn.io/v1", "Vpc", "by-hand", None, spec={}),
        APPLY,
    ),
    "create custom": (
        "POST",
        "/apis/policies.kyverno.io/v1/deletingpolicies",
        named(
            "policies.kyverno.io/v1",
            "DeletingPolicy",
            "by-hand",
            None,
            spec={
                "schedule": "0 1 * * *",
                "matchConstraints": {
                    "resourceRules": [
                        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
                    ]
                },
            },
        ),
    ),
    "create role with own rights": (
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/ward/roles",
        named(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "by-hand",
            rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        ),
    ),
}


@pytest.fixture(scope="module")
def ops(lab):
    api = session(lab, "ops")
    api.apply(MAPS + "/there", named("v1", "ConfigMap", "there", data={"k": "v"}))
    return api


@pytest.fixture(scope="module")
def auditor(lab, ops):
    return session(lab, "auditor")


@pytest.fixture(scope="module")
def ci(lab, ops):
    return session(lab, "ci")


def dry(path):
    return path + ("&" if "?" in path else "?") + "dryRun=All"


def ask(api, site, request, in_dry_run=False):
    method, path, *rest = request
    path = path.replace("{node}", site.hosts[0].name)
    return status_of(api, method, dry(path) if in_dry_run else path, *rest)


@pytest.mark.parametrize("verb", [*REFUSED, *WRITES])
def test_auditor_is_refused(auditor, ops, site, verb):
    request = (REFUSED | WRITES)[verb]
    for in_dry_run in (False, request[0] != "GET"):
        status, message = ask(auditor, site, request, in_dry_run)
        assert (status, "cannot" in message) == (403, True), message
    # The same request reaches its goal, or at least the object, in the hands of `ops`: it is the person that counts.
    status, message = ask(ops, site, request, in_dry_run=request[0] != "GET")
    assert status != 403 or "cannot" not in message, message


@pytest.mark.parametrize("verb", REFUSED)
def test_ci_is_refused_even_in_a_dry_run(ci, site, verb):
    for in_dry_run in (False, REFUSED[verb][0] != "GET"):
        status, message = ask(ci, site, REFUSED[verb], in_dry_run)
        assert status == 403, message


@pytest.mark.parametrize("verb", WRITES)
def test_ci_may_try_but_not_write(ci, ops, site, verb):
    assert ask(ci, site, WRITES[verb], in_dry_run=True) == (200, "")
    status, message = ask(ci, site, WRITES[verb])
    assert (status, people.POLICY in message) == (403, True), message
    assert ops.get(MAPS + "/there")["data"] == {"k": "v"}
    for path in (MAPS, "/api/v1/namespaces", "/apis/apps/v1/namespaces/ward/deployments", "/apis/kubeovn.io/v1/vpcs"):
        assert "by-hand" not in {item["metadata"]["name"] for item in ops.get(path)["items"]}


@pytest.mark.parametrize("query", ["?dryRun=", "?dryrun=All", "?dryRun=all", "?dryRun=All%20"])
def test_ci_cannot_pretend_a_dry_run(ci, ops, query):
    assert status_of(ci, "POST", MAPS + query, MAP)[0] in {400, 403, 422}
    assert "by-hand" not in {item["metadata"]["name"] for item in ops.get(MAPS)["items"]}


def test_policy_holds_whatever_roles_grant(ci, ops):
    """Even as a cluster administrator, a member of the group does nothing but dry runs."""
    path = RBAC + "/clusterrolebindings/more"
    ops.apply(path, TO_ADMIN)
    try:
        wait_until(lambda: status_of(ci, "GET", "/api/v1/secrets")[0] == 200)
        for method, target, body in (
            ("POST", MAPS, MAP),
            ("DELETE", MAPS + "/there", None),
            ("DELETE", MAPS, None),
            ("POST", "/api/v1/namespaces/ward/serviceaccounts/default/token", TOKEN),
        ):
            status, message = status_of(ci, method, target, body)
            assert people.POLICY in message, (method, target, status, message)
    finally:
        ops.request("DELETE", path)
    wait_until(lambda: status_of(ci, "GET", "/api/v1/secrets")[0] == 403)


@pytest.mark.parametrize("person", ["auditor", "ci"])
@pytest.mark.parametrize(
    "header", [("Impersonate-User", "admin"), ("Impersonate-User", "system:serviceaccount:kube-system:default")]
)
def test_nobody_impersonates(lab, person, header):
    status, message = status_of(session(lab, person, [header]), "GET", "/api/v1/namespaces")
    assert (status, "impersonate" in message) == (403, True)


@pytest.mark.parametrize("person", ["auditor", "ci"])
def test_every_other_kind_is_readable(lab, person):
    """All listable kinds of the server but Secrets: the list is the server's own, not ours."""
    admin, api = session(lab, "admin"), session(lab, person)
    unreadable = set()
    for root in ("/api", "/apis"):
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        for group in admin.get(root, accept=accept)["items"]:
            for version in group["versions"]:
                prefix = "/".join(filter(None, (root, group["metadata"].get("name"), version["version"])))
                for resource in version["resources"]:
                    path = f"{prefix}/{resource['resource']}"
                    if "list" in resource["verbs"] and status_of(api, "GET", path)[0] != 200:
                        unreadable.add(path)
    assert unreadable == {"/api/v1/secrets"}


def test_people_may_ask_what_they_may_do(auditor, ci):
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}},
    }
    for api in (auditor, ci):
        answer = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        assert answer["status"]["allowed"] is False


def test_ops_works(ops):
    ops.apply("/api/v1/namespaces/ward/secrets/mine", named("v1", "Secret", "mine", stringData={"k": "v"}))
    ops.request("DELETE", "/api/v1/namespaces/ward/secrets/mine")


def test_nobody_is_anonymous(lab):
    config = yaml.safe_load(lab.kubeconfig("ops").read_text())
    stranger = Api(Target(config["clusters"][0]["cluster"]["server"], lab.layout.pki / "ca.crt"))
    for path in ("/api/v1/namespaces", "/version", "/healthz", "/readyz", "/openapi/v2"):
        assert status_of(stranger, "GET", path)[0] == 401
    ports = json.loads(lab.layout.ports.read_text())
    for name in ("kube-controller-manager", "kube-scheduler"):
        server = Api(Target(f"https://127.0.0.1:{ports[name]}", lab.layout.pki / "ca.crt"))
        assert status_of(server, "GET", "/metrics")[0] in {401, 403}
    person = Pair(lab.layout.pki / "client-admin.crt", lab.layout.pki / "client-admin.key")
    store = Api(Target(f"https://127.0.0.1:{ports['etcd']}", lab.layout.pki / "etcd-ca.crt", person))
    with pytest.raises(Unreachable):
        store.get("/health")


# --- secrets and audit -------------------------------------------------------------------------------------------


def test_secrets_are_encrypted_and_never_in_the_audit_log(lab, ops):
    secret, public = f"canary-{os.urandom(12).hex()}", f"public-{os.urandom(12).hex()}"
    ops.apply("/api/v1/namespaces/ward/secrets/s", named("v1", "Secret", "s", stringData={"k": secret}))
    ops.apply(MAPS + "/p", named("v1", "ConfigMap", "p", data={"k": public}))
    assert base64.b64decode(ops.get("/api/v1/namespaces/ward/secrets/s")["data"]["k"]).decode() == secret

    def stored():
        return b"".join(path.read_bytes() for path in lab.layout.data.rglob("*") if path.is_file())

    wait_until(lambda: public.encode() in stored())  # the control: what is not secret is found there
    forms = {secret.encode(), base64.b64encode(secret.encode())}
    assert not any(form in stored() for form in forms)
    assert b"k8s:enc:secretbox:v1:key1:" in stored()

    assert status_of(session(lab, "auditor"), "GET", "/api/v1/namespaces/ward/secrets")[0] == 403

    log = lab.layout.audit_log.read_text()
    assert public in log
    assert secret not in log
    assert base64.b64encode(secret.encode()).decode() not in log
    entries = [json.loads(line) for line in log.splitlines()]
    of_secret = {"name": "s", "resource": "secrets"}.items()
    writes = [entry for entry in entries if of_secret <= entry.get("objectRef", {}).items()]
    assert {(e["level"], e["user"]["username"]) for e in writes} == {("Metadata", "ops")}
    assert all("requestObject" not in e and "responseObject" not in e for e in writes)
    refused = [e for e in entries if e["user"].get("username") == "auditor" and e["responseStatus"]["code"] == 403]
    assert refused


def test_files_belong_to_their_owner_alone(lab):
    for path in lab.layout.root.rglob("*"):
        if path.is_relative_to(lab.layout.root / "session") or path.is_symlink():
            continue
        assert path.stat().st_mode & 0o077 == 0, path


# --- repair ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def objects(lab, ops):
    """200 objects, and a function that hashes what the server says of them."""

    def make(number):
        data = {"text": hashlib.sha256(str(number).encode()).hexdigest()}
        return ops.apply(f"{MAPS}/kept-{number}", named("v1", "ConfigMap", f"kept-{number}", data=data))

    in_parallel(make, range(200))

    def digest():
        items = session(lab, "ops").get(MAPS)["items"]
        kept = sorted((i["metadata"]["name"], i["metadata"]["uid"], i["metadata"]["resourceVersion"]) for i in items)
        assert len([name for name, _, _ in kept if name.startswith("kept-")]) == 200
        return hashlib.sha256(json.dumps([kept, [i.get("data") for i in items]]).encode()).hexdigest()

    return digest


@pytest.mark.parametrize("killed", [*((name,) for name in parts.NAMES), parts.NAMES])
def test_killed_parts_are_named_and_repaired(lab, site, objects, killed):
    before, old = objects(), pids(lab)
    for name in killed:
        os.kill(old[name], signal.SIGKILL)
    wait_until(lambda: all(states(lab)[name] == "killed" for name in killed))
    assert not lab.running
    lines = []
    lab.up(lines.append)
    for name in killed:
        assert any(line.startswith(f"{name}: process {old[name]} is gone") for line in lines)
        assert pids(lab)[name] not in {None, old[name]}
    assert states(lab) == dict.fromkeys(parts.NAMES, "running")
    assert objects() == before
    assert not nodes.not_ready(session(lab, "ops"), {host.name for host in site.hosts})


def test_write_that_was_acknowledged_survives_a_kill_of_the_store(lab):
    ops = session(lab, "ops")  # a new one: a repaired API server may have another port
    ops.apply(f"{MAPS}/last", named("v1", "ConfigMap", "last", data={"k": "v"}))
    os.kill(pids(lab)["etcd"], signal.SIGKILL)
    os.kill(pids(lab)["kube-apiserver"], signal.SIGKILL)
    wait_until(lambda: states(lab)["kube-apiserver"] == "killed")
    lab.up(say)
    assert session(lab, "ops").get(f"{MAPS}/last")["data"] == {"k": "v"}


def test_hanging_part_is_unhealthy_and_replaced(lab, monkeypatch):
    monkeypatch.setattr(lab_module, "SICK_SECONDS", 1.0)
    old = pids(lab)["kube-scheduler"]
    os.kill(old, signal.SIGSTOP)
    wait_until(lambda: states(lab)["kube-scheduler"] == "unhealthy")
    lines = []
    monkeypatch.setattr(lab_module.process, "TERM_SECONDS", 1.0)
    lab.up(lines.append)
    assert f"kube-scheduler: replacing process {old}" in lines
    assert states(lab)["kube-scheduler"] == "running"


def test_part_without_a_record_is_replaced_not_doubled(lab):
    """As after a kill of `lab up` between starting a part and writing it down."""
    old = pids(lab)["kwok"]
    lab.layout.record("kwok").unlink()
    assert states(lab)["kwok"] == "stopped"
    lines = []
    lab.up(lines.append)
    assert f"ending {old}: a part that no record knows" in lines
    assert states(lab)["kwok"] == "running"
    assert pids(lab)["kwok"] != old


def test_part_that_cannot_start_says_why(lab, monkeypatch):
    old = pids(lab)["kube-scheduler"]
    flags = parts._served
    monkeypatch.setattr(parts, "_served", lambda *args: (("--no-such-flag", *flags(*args)[0]), flags(*args)[1]))
    with pytest.raises(UserError, match=r"kube-.*ended while starting[\s\S]*no-such-flag"):
        lab.up(say)
    monkeypatch.undo()
    lab.up(say)
    assert pids(lab)["kube-scheduler"] != old
    assert lab.running


def run_up(site_path):
    code = (
        "import sys; from yiyun.lab.lab import Lab; from yiyun.site import Site; Lab(Site.load(sys.argv[1])).up(print)"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src")}
    return subprocess.Popen([sys.executable, "-c", code, str(site_path)], env=environment, stdout=subprocess.DEVNULL)


def processes_of(lab):
    mark = f"{lab.layout.root}/"
    return [
        p.pid
        for p in psutil.process_iter(["cmdline"])
        if any(mark in argument for argument in (p.info["cmdline"] or [])[1:])
    ]


def test_ups_at_once_and_killed_ups_start_nothing_twice(lab, site):
    """Two at once from nothing; then one after the other killed at growing times; five processes in the end."""
    lab.down()
    assert processes_of(lab) == []
    both = [run_up(site.path), run_up(site.path)]
    assert [each.wait(300) for each in both] == [0, 0]
    assert sorted(processes_of(lab)) == sorted(pids(lab).values())
    lab.down()
    for seconds in (0.6, 1.2, 2.4):
        victim = run_up(site.path)
        time.sleep(seconds)
        victim.kill()
        victim.wait()
    lab.up(say)
    assert sorted(processes_of(lab)) == sorted(pids(lab).values())
    assert lab.running


def test_down_keeps_what_was_stored(lab, objects):
    before = objects()
    lab.down()
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
    assert processes_of(lab) == []
    with pytest.raises(Unreachable):
        session(lab, "ops").get("/api/v1/namespaces")
    lab.up(say)
    assert objects() == before


def test_port_that_was_taken_meanwhile_is_replaced(lab, objects):
    lab.down()
    ports = json.loads(lab.layout.ports.read_text())
    old = lab.kubeconfig("ops").read_text()
    with socket.create_server(("127.0.0.1", ports["kube-apiserver"])):
        lab.up(say)
        assert json.loads(lab.layout.ports.read_text())["etcd"] == ports["etcd"]
        assert json.loads(lab.layout.ports.read_text())["kube-apiserver"] != ports["kube-apiserver"]
        assert lab.kubeconfig("ops").read_text() != old
        objects()
        assert lab.running


def test_port_that_is_taken_between_choice_and_use_is_chosen_again(lab, monkeypatch):
    lab.down()
    choose, thieves = lab_module.assign, []

    def assign_and_lose(*args, **more):
        ports = choose(*args, **more)
        if not thieves:
            thieves.append(socket.create_server(("127.0.0.1", ports["kube-apiserver"])))
        return ports

    monkeypatch.setattr(lab_module, "assign", assign_and_lose)
    lines = []
    try:
        lab.up(lines.append)
    finally:
        thieves[0].close()
    assert any(line.startswith("taken by another program meanwhile") for line in lines)
    assert lab.running


# --- other labs --------------------------------------------------------------------------------------------------


def test_labs_side_by_side_do_not_know_each_other(lab, site, tmp_path):
    """Another site of the same name has its own state, authority and people; its end does not touch this one."""
    copy = tmp_path / "lab"
    subprocess.run(["cp", "-r", str(site.path), str(copy)], check=True)
    other = Lab(Site.load(copy))
    assert other.layout.root != lab.layout.root
    before = pids(lab)
    try:
        other.up(say)
        assert other.running
        assert lab.running
        assert not set(pids(other).values()) & set(pids(lab).values())
        assert status_of(session(other, "ops"), "GET", f"/api/v1/namespaces/{NAMESPACE}")[0] == 404
        foreign = Pair(other.layout.pki / "client-admin.crt", other.layout.pki / "client-admin.key")
        server = yaml.safe_load(lab.kubeconfig("ops").read_text())["clusters"][0]["cluster"]["server"]
        intruder = Api(Target(server, lab.layout.pki / "ca.crt", foreign))
        assert status_of(intruder, "GET", "/api/v1/namespaces")[0] == 401
    finally:
        other.reset()
    assert processes_of(other) == []
    assert not other.site.state_dir.exists()
    assert pids(lab) == before


def test_lab_without_any_source_of_schemas(site, home, tmp_path, monkeypatch):
    """It comes up with open schemas, names them, and takes the real ones as soon as there is a source."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("YIYUN_BUNDLE", str(tmp_path / "none"))
    of_machine = crds.crd_cache()  # the labs of this session filled it
    monkeypatch.setattr(crds, "crd_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(sources.golang, "on_path", lambda: None)
    monkeypatch.setattr(sources.golang, "installed", lambda: None)
    asked = []
    monkeypatch.setattr(
        sources.Sources, "_download", lambda self, url: asked.append(url) or self._down.setdefault("url", "no")
    )
    lab, kinds, lines = Lab(site), {kind.name for kind in crds.read().kinds}, []
    try:
        lab.up(lines.append)
        assert len(asked) == 1
        assert lab.unchecked_kinds == kinds
        assert {line.partition(":")[0] for line in lines if "accepted unchecked" in line} == kinds
        vpc = named("kubeovn.io/v1", "Vpc", "open", None, spec={"anything": 1})
        path = "/apis/kubeovn.io/v1/vpcs?dryRun=All&fieldValidation=Strict"
        assert status_of(session(lab, "ops"), "POST", path, vpc) == (200, "")
        lines.clear()
        lab.up(lines.append, allow_unchecked=True)
        assert len(asked) == 1  # not again within the hour
        assert any(line.startswith(f"{len(kinds)} kinds have an open schema") for line in lines)
        monkeypatch.setattr(crds, "crd_cache", lambda: of_machine)
        lines.clear()
        lab.up(lines.append)
        assert f"kinds: {len(kinds)} (0 added, {len(kinds)} changed)" in lines
        assert lab.unchecked_kinds == set()
        status, message = status_of(session(lab, "ops"), "POST", path, vpc)
        assert (status, "anything" in message) == (400, True)
    finally:
        lab.reset()


def test_kubeconfig_of_a_lab_that_never_was(site, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lab = Lab(site)
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
    assert lab.unchecked_kinds == set()
    with pytest.raises(UserError, match=r"lab lab has no kubeconfig for ops yet: run  \./yiyun lab up"):
        lab.kubeconfig("ops")
    lab.down()
    lab.reset()
    assert list(tmp_path.iterdir()) == []


def test_reset_leaves_nothing(lab, home):
    lab.reset()
    assert processes_of(lab) == []
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert states(lab) == dict.fromkeys(parts.NAMES, "stopped")
