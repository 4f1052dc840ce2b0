"""No secret stays in a Kubernetes object that an audit keeps, and rules see the rest as before."""

import base64
import json

import pytest
from rule_cases import cases, documents, judge

from yiyun.evidence.redaction import GONE, redacted

CANARY = "CANARYcanary5"
KEY = f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----"
BOOT = (
    f"#cloud-config\npassword: {CANARY}\nchpasswd:\n  list: |\n    root:{CANARY}\n  expire: false\nruncmd: [{CANARY}]\n"
)


def pod(**container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}


def machine(**volume):
    spec = {"template": {"spec": {"volumes": [{"name": "boot", "cloudInitNoCloud": volume}]}}}
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": {"name": "vm"}, "spec": spec}


def annotated(**annotations):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": annotations}}


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": CANARY}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"key": CANARY}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": CANARY},
        annotated(**{"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": {"a": CANARY}})}),
        annotated(note=f"postgres://app:{CANARY}@db/x"),
        annotated(note=f'{{"password":"{CANARY}","user":"a"}}'),
        annotated(note=f"db_password: {CANARY}"),
        annotated(note=f"eyJhbGciOiJSUzI1NiJ9.{CANARY}.{CANARY}"),
        annotated(note=f"root:$6${CANARY}/x:19000"),
        pod(env=[{"name": "DB_PASSWORD", "value": CANARY}]),
        pod(env=[{"name": "apiToken", "value": CANARY}]),
        pod(args=[f"--password={CANARY}"]),
        pod(args=["--root-password", CANARY]),
        pod(command=["sh", "-c", f"export AWS_SECRET_ACCESS_KEY={CANARY}; run"]),
        pod(command=["sh", "-c", KEY]),
        pod(command=["sh", "-c", KEY.partition("\n-----END")[0]]),
        {"apiVersion": "x/v1", "kind": "Y", "spec": {"adminPassword": CANARY, "auth": {"token": CANARY}}},
        machine(userData=BOOT),
        machine(userDataBase64=base64.b64encode(BOOT.encode()).decode()),
        machine(userDataBase64=base64.b64encode(b"\xff" + CANARY.encode()).decode()),
    ],
)
def test_no_secret_stays(obj):
    text = json.dumps(redacted(obj))
    assert CANARY not in text
    for start in range(3):  # base64 of the canary, wherever it begins in a group of three bytes
        assert base64.b64encode(b"x" * start + CANARY.encode())[4:-4].decode() not in text


@pytest.mark.parametrize(
    "obj",
    [
        pod(image="registry.site/tools/vault-token:1.2", args=["--token-ttl=30m", "--service-account-key-file=/k"]),
        pod(env=[{"name": "TOKEN_TTL", "value": "30m"}, {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {}}}]),
        pod(env=[{"name": "DB_PASSWORD", "value": ""}]),
        {"apiVersion": "x/v1", "kind": "Y", "spec": {"tenantSecret": "name", "secretName": "name", "token": None}},
        annotated(note="https://host:8443/path@2 and secretName: web"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "", "other": None}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": False},
    ],
)
def test_what_is_no_secret_stays(obj):
    assert redacted(obj) == obj


def test_what_the_server_notes_about_writers_is_left_out():
    assert redacted({"metadata": {"name": "a", "managedFields": [{"manager": "x"}]}}) == {"metadata": {"name": "a"}}


def test_a_secret_still_says_that_it_holds_something():
    assert redacted({"kind": "Secret", "data": {"a": "eA=="}}) == {"kind": "Secret", "data": {"a": GONE}}


@pytest.mark.parametrize("kind", ["pass", "fail"])
def test_every_case_of_every_rule_has_the_same_verdict_on_what_is_kept(kind):
    seen = 0
    for case in cases(kind):
        if case.rule.scope not in ("object", "objects"):
            continue
        seen += 1
        objects = documents(case)
        before = {(v.resource, v.state) for v in judge(case, objects).verdicts}
        after = {(v.resource, v.state) for v in judge(case, [redacted(obj) for obj in objects]).verdicts}
        assert after == before, case.file
    assert seen >= 60
