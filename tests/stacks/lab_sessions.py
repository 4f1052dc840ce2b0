"""What people ask of a lab's API server in tests, each with nothing but their kubeconfig."""

import base64

import yaml

from yiyun.lab.api import Api, ApiError, Target
from yiyun.lab.pki import Pair

NAMESPACE = "ward"
MAPS = "/api/v1/namespaces/ward/configmaps"


def say(text):
    print(text)  # noqa: T201  # shown when a test fails


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
