"""A cluster on a site's real hosts: made by playbooks/kubernetes.yml, then shown to work by pods that talk to each other."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from yiyun import toolchain
from yiyun.errors import UserError
from yiyun.lab import files
from yiyun.lab.hosts import HostLab, kubernetes
from yiyun.operations import lock
from yiyun.operations.hosts import access
from yiyun.operations.hosts.adopt import adopt, credentials
from yiyun.paths import CHECKOUT
from yiyun.site import Site
from yiyun.site.labels import ZONE
from yiyun.site.model import Host

Report = Callable[[str], None]
PLAYBOOK = CHECKOUT / "playbooks" / "kubernetes.yml"
API_PORT = 6443
READY_SECONDS = 180.0
ANSWER_SECONDS = 60.0
REQUESTS = 12
PROBE = "yiyun-probe"
"""Namespace, workload and Service of the proof."""


@dataclass(frozen=True)
class Proof:
    """One thing that was tried on the running cluster."""

    what: str
    seen: str
    seconds: float


def up(site: Site, report: Report) -> list[Proof]:
    """Bring up the lab's hosts, adopt them, make the cluster and show that it works. Safe to run again.

    Raises UserError where a site is not a lab with real hosts, and when a step fails.
    """
    if not site.spec.lab or site.spec.tier == "control-plane":
        raise UserError(
            f"{site.path / 'site.yaml'}: tier: up --real boots hosts, which a site with  lab: true, tier: hosts  has; "
            "on a site of your own run  ./yiyun hosts adopt, then ansible-playbook playbooks/kubernetes.yml"
        )
    started = time.monotonic()
    hosts = members(site)
    HostLab(site).up(report, [host.name for host in hosts])
    kubernetes.serve(site, report)
    outcomes = adopt(site, hosts, credentials(site), report)
    failed = [outcome for outcome in outcomes if outcome.result == "failed"]
    if failed:
        causes = "\n".join(f"{outcome.host}: {outcome.cause}; {outcome.remedy}" for outcome in failed)
        raise UserError(f"{len(failed)} of {len(outcomes)} hosts could not be adopted:\n{causes}")
    with lock.hold(site, "up --real"):
        play(site, report)
        fetch_kubeconfig(site)
    return [wait_until_ready(site, report, started), ask_across_zones(site, report)]


def members(site: Site) -> list[Host]:
    """Hosts of the cluster: those of the control plane and the workers."""
    return [host for host in site.hosts if host.roles & {"control", "worker"}]


def play(site: Site, report: Report, playbook: Path = PLAYBOOK, *arguments: str) -> None:
    """Run a playbook on the site; its output is the operator's. Raises UserError when it fails."""
    access.write_config(site)
    argv = ["ansible-playbook", "--inventory", str(site.path), str(playbook.relative_to(CHECKOUT)), *arguments]
    own = access.environment(site)
    report(" ".join([*(f"{name}={shlex.quote(value)}" for name, value in own.items()), shlex.join(argv)]))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    status = subprocess.run(
        argv, cwd=CHECKOUT, env={**os.environ, **own, "PATH": path}, stdout=sys.stderr, check=False
    ).returncode
    if status != 0:
        raise UserError(f"{playbook.name} ended with {status}: its output names the host and the task; run it again")


def kubeconfig(site: Site) -> Path:
    """The administrator's kubeconfig of the cluster on real hosts."""
    return site.state_dir / "kubernetes" / "admin.conf"


def fetch_kubeconfig(site: Site) -> Path:
    """Fetch the administrator's kubeconfig from the first control host that has one. Raises UserError if none has."""
    said = ""
    for host in (host for host in members(site) if "control" in host.roles):
        done = subprocess.run(
            ["ssh", "-F", str(access.config_file(site)), host.name, "sudo cat /etc/kubernetes/admin.conf"],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode == 0:
            content = yaml.safe_load(done.stdout)
            # On the hosts it names their own loopback address.
            content["clusters"][0]["cluster"]["server"] = f"https://{host.address}:{API_PORT}"
            files.make_dir(kubeconfig(site).parent)
            files.write_yaml(kubeconfig(site), content)
            return kubeconfig(site)
        said = done.stderr.strip()[-200:]
    raise UserError(f"no control host of {site.name} has a cluster's kubeconfig: {said or 'there is no control host'}")


def kubectl(site: Site, *arguments: str, stdin: str | None = None, seconds: float = 60) -> str:
    """Run kubectl against the cluster and return its stdout. Raises UserError with its last words."""
    done = subprocess.run(
        [*_way_in(site), str(toolchain.find("kubectl")), "--kubeconfig", str(kubeconfig(site)), *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        raise UserError(f"kubectl {' '.join(arguments[:4])}: {done.stderr.strip()[-400:] or done.stdout[-400:]}")
    return done.stdout


def _way_in(site: Site) -> Sequence[str]:
    """What a command on this machine begins with to reach the hosts' network."""
    return ["nsenter", f"--net=/run/netns/{HostLab(site).network.namespace}"] if site.spec.lab else []


def not_ready(site: Site) -> list[str]:
    """Hosts of the cluster whose node is missing or not ready."""
    listed = json.loads(kubectl(site, "get", "nodes", "--output", "json"))["items"]
    ready = {
        node["metadata"]["name"]
        for node in listed
        if any(item["type"] == "Ready" and item["status"] == "True" for item in node["status"]["conditions"])
    }
    return sorted({host.name for host in members(site)} - ready)


def wait_until_ready(site: Site, report: Report, started: float) -> Proof:
    """Wait until every host is a ready node. Raises UserError after three minutes, naming those that are not."""
    deadline = time.monotonic() + READY_SECONDS
    while missing := not_ready(site):
        if time.monotonic() > deadline:
            raise UserError(f"not ready after {READY_SECONDS:.0f} s: {', '.join(missing)}; see  kubectl describe node")
        time.sleep(1)
    report(f"{len(members(site))} nodes ready")
    controls = sum("control" in host.roles for host in members(site))
    seen = f"{len(members(site))} nodes ready, {controls} of them control planes"
    return Proof("every host is a ready node", seen, time.monotonic() - started)


def ask_across_zones(site: Site, report: Report) -> Proof:
    """Let a pod of one zone ask a Service until pods of every other zone have answered. Raises UserError if one does not.

    This needs pods on every worker, routes between their hosts, the cluster's name server, Services and `kubectl exec`.
    """
    started = time.monotonic()
    kubectl(
        site,
        "apply",
        "--server-side",
        "--field-manager=yiyun",
        "--filename=-",
        stdin=yaml.safe_dump_all(_workload(site)),
    )
    kubectl(site, "--namespace", PROBE, "rollout", "status", f"daemonset/{PROBE}", "--timeout=120s", seconds=150)
    listed = json.loads(kubectl(site, "--namespace", PROBE, "get", "pods", "--output", "json"))["items"]
    zone_of = {pod["metadata"]["name"]: site.host(pod["spec"]["nodeName"]).zone for pod in listed}
    asking = min(zone_of, key=lambda name: (zone_of[name], name))
    wanted = set(zone_of.values()) - {zone_of[asking]}
    deadline = time.monotonic() + ANSWER_SECONDS
    words = ""
    while True:
        try:
            url = f"http://{PROBE}.{PROBE}.svc.cluster.local:8080/"
            answers = kubectl(site, "--namespace", PROBE, "exec", asking, "--", "/probe", "get", url, str(REQUESTS))
            zones = {zone_of[name] for name in answers.split() if name in zone_of}
            if wanted <= zones:
                break
            words = f"answers came from {', '.join(sorted(zones)) or 'nowhere'}"
        except UserError as error:
            words = str(error)
        if time.monotonic() > deadline:
            raise UserError(f"a pod of {zone_of[asking]} got no answer from {', '.join(sorted(wanted))}: {words}")
        time.sleep(1)
    report("pods of different zones answer each other through a Service")
    seen = f"a pod in {zone_of[asking]} was answered by pods in {', '.join(sorted(zones))}, asked by kubectl exec"
    return Proof("pods reach each other over zones", seen, time.monotonic() - started)


def _workload(site: Site) -> list[dict[str, object]]:
    labels = {"app.kubernetes.io/name": PROBE}
    container = {
        "name": "probe",
        "image": f"{kubernetes.repository_of(site)}/probe:{kubernetes.PROBE}",
        "args": ["serve", ":8080"],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2},
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
    pod = {
        "metadata": {"labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "Exists"}]}]
                    }
                }
            },
            "containers": [container],
        },
    }
    selector = {"matchLabels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROBE}},
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": PROBE, "namespace": PROBE},
            "spec": {"selector": selector, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": PROBE, "namespace": PROBE},
            "spec": {"selector": labels, "ports": [{"port": 8080}]},
        },
    ]
