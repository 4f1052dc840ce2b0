"""A cluster on a site's real hosts: the playbook that makes it, its kubeconfig, kubectl, and whether its nodes are ready."""

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

from yiyun import files, toolchain
from yiyun.errors import UserError
from yiyun.operations import real
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site
from yiyun.site.model import Host

Report = Callable[[str], None]
PLAYBOOK = CHECKOUT / "playbooks" / "kubernetes.yml"
API_PORT = 6443
READY_SECONDS = 180.0


@dataclass(frozen=True)
class Shown:
    """One thing that was done, or tried, on the real cluster."""

    what: str
    seen: str
    seconds: float


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
    return real.kubeconfig(site)


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
    return ["nsenter", f"--net=/run/netns/{real.namespace(site)}"] if site.spec.lab else []


def not_ready(site: Site) -> list[str]:
    """Hosts of the cluster whose node is missing or not ready."""
    listed = json.loads(kubectl(site, "get", "nodes", "--output", "json"))["items"]
    ready = {
        node["metadata"]["name"]
        for node in listed
        if any(item["type"] == "Ready" and item["status"] == "True" for item in node["status"]["conditions"])
    }
    return sorted({host.name for host in members(site)} - ready)


def wait_until_ready(site: Site, report: Report, started: float) -> Shown:
    """Wait until every host is a ready node. Raises UserError after three minutes, naming those that are not."""
    deadline = time.monotonic() + READY_SECONDS
    while missing := not_ready(site):
        if time.monotonic() > deadline:
            raise UserError(f"not ready after {READY_SECONDS:.0f} s: {', '.join(missing)}; see  kubectl describe node")
        time.sleep(1)
    report(f"{len(members(site))} nodes ready")
    controls = sum("control" in host.roles for host in members(site))
    seen = f"{len(members(site))} nodes ready, {controls} of them control planes"
    return Shown("every host is a ready node", seen, time.monotonic() - started)
