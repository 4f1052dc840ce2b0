"""The environment in which pulumi, kubectl and ansible work on one site; `./yiyun env` prints it."""

import os
import secrets
import shlex
import sys
from pathlib import Path

from yiyun import toolchain
from yiyun.errors import UserError
from yiyun.lab.lab import Lab
from yiyun.operations import real
from yiyun.paths import CHECKOUT
from yiyun.site import Site

POLICY_PACK = CHECKOUT / "policies" / "mlps3"


def kubeconfig(site: Site, person: str = "ops") -> Path:
    """Return the kubeconfig of `person`: the embedded lab's own, or what KUBECONFIG names on a site that is not a lab.

    A cluster on a lab's hosts has one person, its administrator.
    """
    if site.embedded:
        return Lab(site).kubeconfig(person)  # type: ignore[arg-type]
    if site.on_lab_hosts:
        if not real.kubeconfig(site).exists():
            raise UserError(f"site {site.name} has no cluster yet: run  ./yiyun up --real --site {site.path}")
        return real.kubeconfig(site)
    named = os.environ.get("KUBECONFIG")
    if not named or not Path(named).exists():
        raise UserError(f"site {site.name} is not a lab: set KUBECONFIG to a file that reaches its API server")
    return Path(named)


def backend(site: Site) -> str:
    """Return the URL of Pulumi's state: local files of a lab, the shared backend of other sites.

    Without `metadata=skip` Pulumi writes a second file beside each file, not atomically: after a kill -9 in that moment
    it is empty, and the state cannot be read any more.
    """
    if site.spec.lab:
        directory = site.state_dir / "pulumi"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return f"file://{directory}?metadata=skip"
    if not site.spec.backend:
        raise UserError(f"{site.path / 'site.yaml'}:1: backend: a site that is not a lab needs a shared backend")
    return site.spec.backend


def passphrase_file(site: Site) -> Path:
    """Return the file with the passphrase of Pulumi's secrets, made once. No stack holds a secret; Pulumi asks anyway."""
    path = site.state_dir / "passphrase"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f"passphrase.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(32))
        os.link(fresh, path) if not path.exists() else None
        fresh.unlink()
    return path


def config_file(site: Site, stack: str) -> Path:
    """Return where `Pulumi.<site>.yaml` of one stack lies: never inside stacks/, so `git status` stays clean."""
    base = site.state_dir if site.spec.lab else site.path
    return base / "stacks" / stack / f"Pulumi.{site.name}.yaml"


def variables(site: Site, person: str = "ops") -> dict[str, str]:
    """The variables that make plain pulumi and kubectl work on `site`; ansible-playbook needs `hosts_variables` too."""
    path = [str(Path(sys.executable).parent), *map(str, toolchain.bin_path()), os.environ.get("PATH", "")]
    return {
        "PATH": os.pathsep.join(path),
        "KUBECONFIG": str(kubeconfig(site, person)),
        "YIYUN_SITE": str(site.path),
        "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),  # roles/ and plugins/, from every directory
        "ANSIBLE_INVENTORY": str(site.path / "hosts.yaml"),
        "PULUMI_HOME": str(toolchain.pulumi_home()),
        "PULUMI_BACKEND_URL": backend(site),
        "PULUMI_STACK": site.name,
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(site)),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_EXPERIMENTAL": "true",  # saved plans
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS": "true",
        **({"YIYUN_IMAGES": str(real.images_file(site))} if site.on_lab_hosts else {}),
        **_without_proxy(site),
    }


def hosts_variables(site: Site) -> dict[str, str]:
    """Variables with which plain ansible-playbook reaches the site's hosts; none before `hosts adopt` or `lab hosts up`."""
    from yiyun.operations.hosts import access  # jinja2 and the host lab's parts: most commands need neither

    return access.environment(site) if access.config_file(site).exists() else {}


def _without_proxy(site: Site) -> dict[str, str]:
    """Keep a proxy of the environment from what pulumi and its programs say to each other, and to a lab's hosts."""
    if not any(
        os.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "grpc_proxy")
    ):
        return {}
    own = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    addresses = [str(host.address) for host in site.hosts] if site.on_lab_hosts else []
    hosts = ",".join([*filter(None, own.split(",")), "127.0.0.1", "localhost", *addresses])
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def exports(site: Site) -> str:
    """Shell lines for `eval $(./yiyun env --site S)`. Where only hosts are up yet, those that Ansible needs."""
    lines = []
    try:
        values = variables(site) | hosts_variables(site)
    except UserError as error:
        values = hosts_variables(site)
        if not values:
            raise
        values |= {"YIYUN_SITE": str(site.path), "ANSIBLE_INVENTORY": str(site.path / "hosts.yaml")}
        values["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        lines.append(f"# for hosts alone: {' '.join(str(error).split())}")
    lines = [*(f"export {name}={shlex.quote(value)};" for name, value in values.items()), *lines]
    if site.on_lab_hosts:
        lines.append(f"# its API server answers inside of the lab only:  ip netns exec {real.namespace(site)} COMMAND")
    lines.append(f"# plain commands:  cd stacks/NAME && pulumi up --policy-pack {POLICY_PACK}")
    return "\n".join(lines)
