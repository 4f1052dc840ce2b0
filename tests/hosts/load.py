"""Load on a cluster of lab hosts while something is done to it: what was asked, what failed, for how long."""

import json
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from conftest import HostPlace

from yiyun.lab.hosts import kubernetes
from yiyun.operations.hosts import cluster
from yiyun.site.labels import ZONE

NAMESPACE = "load"
CLIENT = Path(__file__).with_name("load_client.py")
AT_MOST_SECONDS = 3600


@dataclass(frozen=True)
class Seen:
    """What a client saw from its start to its end."""

    requests: list[dict]

    def of(self, what: str) -> list[dict]:
        """Requests of one kind, in order."""
        return [request for request in self.requests if request["what"] == what]

    def failed(self, what: str) -> int:
        """How many requests of one kind were not answered as wished."""
        return sum(bool(request["error"]) for request in self.of(what))

    @property
    def written(self) -> set[str]:
        """Names of the objects whose write was acknowledged."""
        return {request["name"] for request in self.of("write") if not request["error"]}

    def longest_outage(self, what: str) -> float:
        """Seconds from the beginning of a first failure to the end of the next success, at most."""
        longest, since = 0.0, None
        for request in self.of(what):
            if request["error"]:
                since = request["at"] if since is None else since
            elif since is not None:
                longest, since = max(longest, request["at"] + request["seconds"] - since), None
        if since is not None:
            longest = max(longest, self.of(what)[-1]["at"] + self.of(what)[-1]["seconds"] - since)
        return round(longest, 1)

    def figures(self) -> dict:
        """For people and files: requests, failures with their words, and the longest time without an answer."""
        found = {}
        for what in ("write", "read", "ask"):
            words: dict[str, int] = {}
            for request in self.of(what):
                if request["error"]:
                    words[request["error"]] = words.get(request["error"], 0) + 1
            found[what] = {
                "requests": len(self.of(what)),
                "failed": self.failed(what),
                "longest_outage_seconds": self.longest_outage(what),
                "errors": words,
            }
        return found


def prepare(place: HostPlace) -> None:
    """Give the cluster what the client uses: an account, and an application of three pods behind a Service."""
    cluster.kubectl(place.site, "apply", "--server-side", "--filename=-", stdin=yaml.safe_dump_all(_objects(place)))
    cluster.kubectl(
        place.site, "--namespace", NAMESPACE, "rollout", "status", "deployment/answer", "--timeout=120s", seconds=150
    )


class Client:
    """A client on one host. `start` it, do something to the cluster, `stop` it."""

    def __init__(self, place: HostPlace, host: str, prefix: str) -> None:
        self.place, self.host, self.prefix = place, host, prefix
        self.requests: list[dict] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "Client":
        """Begin; returns when the first requests of each kind were answered."""
        site = self.place.site
        ask = ("--namespace", NAMESPACE)
        token = cluster.kubectl(site, *ask, "create", "token", "client", "--duration=4h").strip()
        address = cluster.kubectl(site, *ask, "get", "service", "answer", "--output", "jsonpath={.spec.clusterIP}")
        task = {
            "api": "https://127.0.0.1:7443",
            "token": token,
            "authority": "/etc/kubernetes/pki/ca.crt",
            "namespace": NAMESPACE,
            "prefix": self.prefix,
            "service": f"http://{address}:8080/",
            "seconds": AT_MOST_SECONDS,
        }
        script = f"/tmp/load-{self.prefix}.py"  # noqa: S108  # on a lab host
        self.place.on(self.host, f"cat > {script} <<'END_OF_CLIENT'\n{CLIENT.read_text()}\nEND_OF_CLIENT")
        argv = [*self.place.lab.ssh_argv(self.host), f"sudo python3 {script}"]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        threading.Thread(target=self._collect, daemon=True).start()
        deadline = time.monotonic() + 60
        while {request["what"] for request in list(self.requests) if not request["error"]} != {"write", "read", "ask"}:
            assert time.monotonic() < deadline, f"the client does not get answers: {self.requests[-5:]}"
            time.sleep(0.2)
        return self

    def _collect(self) -> None:
        assert self.process and self.process.stdout
        for line in self.process.stdout:
            self.requests.append(json.loads(line))  # others look at it meanwhile

    def written(self) -> set[str]:
        """Names of the objects whose write was acknowledged until now."""
        return Seen(list(self.requests)).written

    def stop(self) -> Seen:
        """End it and return what it saw. It must still have been at work."""
        assert self.process and self.process.stdin
        assert self.process.poll() is None, f"the client ended by itself with {self.process.returncode}"
        self.process.stdin.close()
        self.process.wait(60)
        return Seen(sorted(self.requests, key=lambda request: request["at"]))

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> "Client":
        return self.start()


def stored(place: HostPlace) -> set[str]:
    """Names of the objects that the API server has of all clients."""
    listed = cluster.kubectl(place.site, "--namespace", NAMESPACE, "get", "configmaps", "--output", "name", seconds=120)
    return {line.rpartition("/")[2] for line in listed.split()}


def _objects(place: HostPlace) -> list[dict]:
    labels = {"app.kubernetes.io/name": "answer"}
    namespaced = {"name": "answer", "namespace": NAMESPACE}
    container = {
        "name": "answer",
        "image": f"{kubernetes.repository_of(place.site)}/probe:{kubernetes.PROBE}",
        "args": ["serve", ":8080"],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        # Whoever still has the old list of pods may be answered while the news goes round.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    rights = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get"]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "client", "namespace": NAMESPACE}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "client", "namespace": NAMESPACE},
            "rules": [rights],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "client", "namespace": NAMESPACE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "client"},
            "subjects": [{"kind": "ServiceAccount", "name": "client", "namespace": NAMESPACE}],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": namespaced,
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "topologySpreadConstraints": [spread],
                        "tolerations": [
                            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20}
                            for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
                        ],
                        "containers": [container],
                    },
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": namespaced,
            "spec": {"selector": labels, "ports": [{"port": 8080}]},
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": namespaced,
            "spec": {"minAvailable": 2, "selector": {"matchLabels": labels}},
        },
    ]
