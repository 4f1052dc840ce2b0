"""What the gate stops, the API server refuses: every exported policy against its rule, on the same objects.

First all policies only warn, so that one dry run of an object gives the answer of each; then they refuse.
"""

import copy
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from waiting import wait_until

from yiyun import toolchain
from yiyun.compliance.admission_policies import BINDING, POLICY, exported
from yiyun.compliance.engine import Dispatcher
from yiyun.compliance.facts import make_object
from yiyun.compliance.held_pods import held_pods
from yiyun.compliance.model import State
from yiyun.compliance.pods import HELD
from yiyun.lab import parts
from yiyun.lab.api import Api, in_parallel, pool
from yiyun.lab.lab import Lab
from yiyun.operations import policies
from yiyun.paths import CHECKOUT
from yiyun.site import Site

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))  # the rules' cases are there
import admission_objects
import rule_cases

pytestmark = pytest.mark.lab

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PLURALS = {POLICY: "validatingadmissionpolicies", BINDING: "validatingadmissionpolicybindings"}
STOPPED = (State.FAIL, State.NOT_EVALUATED)
WARNED = re.compile(r"ValidatingAdmissionPolicy '([a-z0-9-]+)' with binding")
CREATED = 201
SECONDS = 300.0
LEAST_OBJECTS, LEAST_RULES = 200, 60


def say(text):
    print(text)  # noqa: T201  # shown when a test fails


def path_of(obj):
    """Where an object is created."""
    served = policies.resources()[make_object(obj).id]
    version = obj["apiVersion"].rpartition("/")[2]
    root = f"/apis/{served.group}/{version}" if served.group else f"/api/{version}"
    home = f"/namespaces/{obj['metadata'].get('namespace') or 'default'}" if served.namespaced else ""
    return f"{root}{home}/{served.plural}"


class Server:
    """An API server, asked as administrator."""

    def __init__(self, lab):
        self.target = parts.admin_target(lab.layout, json.loads(lab.layout.ports.read_text()))
        self.api = Api(self.target)
        self._pool = pool(self.target)

    def send(self, obj, method="POST", path=None, query="dryRun=All&fieldValidation=Strict"):
        """Status, what the server said, and the policies that warned. By default a dry run of a creation."""
        answer = self._pool.request(
            method,
            f"{self.target.url}{path or path_of(obj)}?{query}",
            body=json.dumps(obj).encode(),
            headers={"Content-Type": "application/json"},
            timeout=SECONDS,
        )
        said = json.loads(answer.data).get("message", "") if answer.status >= 400 else ""
        return answer.status, said, set(WARNED.findall(" ".join(answer.headers.getlist("Warning"))))

    def put(self, manifests):
        """Write policies and bindings."""
        for manifest in manifests:
            path = f"{ADMISSION}/{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}"
            query = "?fieldManager=yiyun-lab&force=true&fieldValidation=Strict"
            kind = "application/apply-patch+yaml"
            self.api.request("PATCH", path + query, manifest, content_type=kind, timeout=SECONDS)

    def read(self, path):
        """An object, to be written back whatever its controllers write in between."""
        found = self.api.get(path, timeout=SECONDS)
        del found["metadata"]["resourceVersion"]
        return found

    def policies(self):
        """The policies as the server has them."""
        return self.api.get(f"{ADMISSION}/{PLURALS[POLICY]}?labelSelector=yiyun.io/rule", timeout=SECONDS)["items"]


def only_warning(manifests):
    """The same policies with bindings that refuse nothing."""
    made = copy.deepcopy(manifests)
    for each in made:
        if each["kind"] == BINDING:
            each["spec"]["validationActions"] = ["Warn"]
    return made


@pytest.fixture(scope="module")
def exports():
    return policies.manifests(rule_cases.rules().values())


@pytest.fixture(scope="module")
def objects():
    """The cases of the exported rules, their pods in every kind that has pods, and changed versions of all of them."""
    known = policies.resources()
    cases = admission_objects.of(exported(rule_cases.rules().values()))
    cases += [each for case in cases for each in admission_objects.in_every_kind(case)]
    found = {json.dumps(each, sort_keys=True): each for each in [*cases, *admission_objects.changed(cases)]}
    return [each for each in found.values() if make_object(each).id in known]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("admission-state")))
        toolchain.ensure(parts.NAMES, say)
        flags = parts._flags
        # A plugin of the lab's API server refuses external addresses before any policy is asked.
        changed = {"enable_admission_plugins": "NodeRestriction"}
        patch.setattr(
            parts, "_flags", lambda **given: flags(**{**given, **{k: changed[k] for k in changed if k in given}})
        )
        made = Lab(Site.load(CHECKOUT / "inventories" / "lab"))
        made.up(say)
        yield made
        made.reset()


@pytest.fixture(scope="module")
def server(lab, objects, exports):
    made = Server(lab)
    namespaced = [each for each in objects if policies.resources()[make_object(each).id].namespaced]
    for name in {each["metadata"].get("namespace") or "default" for each in namespaced} | {"policies"}:
        # Pod Security is another gate, and not the one that is judged here.
        labels = {"pod-security.kubernetes.io/enforce": "privileged"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        made.api.apply(f"/api/v1/namespaces/{name}", namespace)
        account = f"/api/v1/namespaces/{name}/serviceaccounts?fieldSelector=metadata.name=default"
        wait_until(lambda account=account: made.api.get(account)["items"], SECONDS)
    made.put(only_warning(exports))
    return made


@pytest.fixture(scope="module")
def tried(server, objects, exports):
    """(object, policies that object) of all objects that the server takes, once every policy is in force."""
    names = {each["metadata"]["name"] for each in exports}
    answers = in_parallel(server.send, objects)
    if set().union(*(warned for _, _, warned in answers)) != names:  # some were not in force yet
        answers = in_parallel(server.send, objects)
    return [(each, warned) for each, (status, _, warned) in zip(objects, answers, strict=True) if status == CREATED]


def test_the_server_finds_no_mistake_of_types(server, exports):
    names = {each["metadata"]["name"] for each in exports}

    def checked():
        items = server.policies()
        return {i["metadata"]["name"] for i in items if i.get("status", {}).get("observedGeneration")} == names

    wait_until(checked, SECONDS)
    wrong = {i["metadata"]["name"]: i["status"]["typeChecking"].get("expressionWarnings") for i in server.policies()}
    assert {name: warnings for name, warnings in wrong.items() if warnings} == {}


def test_every_policy_says_what_its_rule_says(tried, exports, record_testsuite_property):
    rules = exported(rule_cases.rules().values())
    owners = {each["metadata"]["name"]: each["metadata"]["labels"]["yiyun.io/rule"] for each in exports}
    dispatcher, kinds = Dispatcher(rules), {rule.id: rule.kinds for rule in rules}
    stopped, passed, differences, hit = Counter(), Counter(), [], set()
    for obj, warned in tried:
        refusing = {owners[name] for name in warned}
        hit |= warned
        holds_pods = bool(held_pods(make_object(obj)))
        for verdict in dispatcher.object(obj):
            if holds_pods and HELD in kinds[verdict.rule]:
                continue  # a policy names its kinds: pods in objects of others are judged by the gate alone
            stops = verdict.state in STOPPED
            (stopped if stops else passed)[verdict.rule] += 1
            if stops != (verdict.rule in refusing):
                differences.append((verdict.rule, verdict.state.value, verdict.message, json.dumps(obj)))
    figures = {
        "rules": len(rules),
        "policies": len(owners),
        "objects": len(tried),
        "comparisons": stopped.total() + passed.total(),
        "refusals": stopped.total(),
        "differences": len(differences),
    }
    for name, figure in figures.items():
        record_testsuite_property(f"admission_policies.{name}", figure)
    say(figures)
    assert differences == []
    assert len(tried) >= LEAST_OBJECTS
    assert len(rules) >= LEAST_RULES
    assert [rule.id for rule in rules if not stopped[rule.id] or not passed[rule.id]] == []
    assert hit == owners.keys()


def pod(name="x", namespace="policies", **container):
    """A pod that every mandatory rule lets through, but for what `container` says."""
    security = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        **container.pop("securityContext", {}),
    }
    one = {"name": "c", "image": "registry.lab.yiyun.example/x:1", "securityContext": security, **container}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [one]}}


BAD = {"ports": [{"containerPort": 8080, "hostPort": 8080}]}
OLD = "old"
"""A pod from before the policies."""


def node_port(namespace="policies"):
    """A Service that opens a port on every host."""
    metadata = {"name": "x", "namespace": namespace}
    spec = {"type": "NodePort", "ports": [{"port": 53}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def role(rules):
    """A ClusterRole with these rules."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "x"},
        "rules": rules,
    }


EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


@pytest.fixture(scope="module")
def enforcing(server, exports):
    """The server with the policies as they are exported, and a bad pod from before. After all that only try."""
    old = pod(OLD, **BAD)
    old["metadata"]["finalizers"] = ["yiyun.example/held"]
    assert server.send(old, query="")[0] == 201
    server.put(exports)
    for bad in (pod(**BAD), node_port(), role(EVERYTHING)):  # policies come into force one after another
        wait_until(lambda bad=bad: server.send(bad)[0] == 403, SECONDS)
    return server


def test_what_is_mandatory_is_refused_with_the_reason(enforcing):
    status, said, _ = enforcing.send(pod(**BAD))
    assert status == 403
    assert "ValidatingAdmissionPolicy 'yiyun-pod-host-port-pod'" in said
    assert "pod_host_port (8.1.3.1-a): No container opens a port on its host" in said
    assert "Write instead: Remove hostPort" in said


def test_what_is_advisory_warns_and_is_let_in(enforcing):
    status, _, warned = enforcing.send(pod())
    assert status == 201
    assert {"yiyun-pod-read-only-root-pod", "yiyun-pod-seccomp-pod"} <= warned


def test_the_namespaces_of_kubernetes_are_left_alone(enforcing):
    for namespace, wanted in (("policies", 403), ("kube-system", 201), ("kube-public", 201), ("kube-node-lease", 201)):
        status, said, _ = enforcing.send(node_port(namespace))
        assert (namespace, status) == (namespace, wanted), said


def test_a_container_added_to_a_running_pod_is_judged(enforcing):
    assert enforcing.send(pod("running"), query="")[0] == 201
    path = "/api/v1/namespaces/policies/pods/running"
    for added, wanted in (([], 200), (["NET_ADMIN"], 403)):
        running = enforcing.read(path)
        capabilities = {"drop": ["ALL"], "add": added}
        security = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": capabilities}
        debugger = {"name": "d", "image": "registry.lab.yiyun.example/x:1", "securityContext": security}
        running["spec"]["ephemeralContainers"] = [debugger]
        status, said, _ = enforcing.send(running, "PUT", f"{path}/ephemeralcontainers", "dryRun=All")
        assert status == wanted, said
        assert ("yiyun-pod-capabilities-pod" in said) == (wanted == 403)
    assert enforcing.send({}, "DELETE", path, "")[0] in (200, 202)


def test_what_was_there_before_can_be_labelled_and_let_go(enforcing):
    """Else no finalizer could be taken off, and nothing that is bad would ever end."""
    path = f"/api/v1/namespaces/policies/pods/{OLD}"
    held = enforcing.read(path)
    held["metadata"]["labels"] = {"a": "b"}
    assert enforcing.send(held, "PUT", path)[0] == 200
    worse = copy.deepcopy(held)
    worse["spec"]["activeDeadlineSeconds"] = 60
    assert enforcing.send(worse, "PUT", path)[0] == 403
    assert enforcing.send({"gracePeriodSeconds": 0}, "DELETE", path, "")[0] in (200, 202)
    held = enforcing.read(path)
    held["metadata"]["finalizers"] = []
    assert enforcing.send(held, "PUT", path, "")[0] == 200
    names = f"/api/v1/namespaces/policies/pods?fieldSelector=metadata.name={OLD}"
    wait_until(lambda: not enforcing.api.get(names)["items"], SECONDS)


def test_the_api_server_writes_its_own_roles_and_nobody_else_does(enforcing, lab):
    """They have wildcards, and it is not ready before it has written them."""
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:controller:generic-garbage-collector"
    rules = enforcing.api.get(path)["rules"]
    assert enforcing.send({}, "DELETE", path, "")[0] == 200
    status, said, _ = enforcing.send(role(rules))
    assert (status, "yiyun-rbac-wildcard" in said) == (403, True)
    lab.down()
    lab.up(say)
    assert Server(lab).api.get(path)["rules"] == rules
