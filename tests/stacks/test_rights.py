"""People of the embedded control plane: what each may do, what nobody reads, and what the audit log says of it."""

import base64
import json
import os

import pytest
import yaml
from lab_sessions import MAPS, NAMESPACE, deployment, named, session, status_of
from waiting import wait_until

from yiyun.lab import people
from yiyun.lab.api import Api, Target, Unreachable
from yiyun.lab.pki import Pair

pytestmark = pytest.mark.lab

POD = "/api/v1/namespaces/ward/pods/x"
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
