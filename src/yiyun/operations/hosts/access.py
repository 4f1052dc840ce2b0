"""How every tool reaches the hosts of a site: one SSH configuration, one key, one file of pinned host keys.

ssh, Ansible, pyinfra and the collector all read `<state>/ssh_config`; there is no second place that says how.
"""

import fcntl
import json
import shlex
import subprocess
from pathlib import Path

from yiyun import files
from yiyun.errors import UserError
from yiyun.lab.hosts import HostLab
from yiyun.site import Site

MAX_SOCKET_DIRECTORY = 78
"""Longest directory in which ssh can make a socket (107 bytes, of which Ansible and ssh use 29 for names)."""
MANAGEMENT_USER = "yiyun"
"""Account that `./yiyun hosts adopt` makes and all tools log in as; it becomes root by sudo."""


def config_file(site: Site) -> Path:
    """The site's SSH configuration."""
    return site.state_dir / "ssh_config"


def key_file(site: Site) -> Path:
    """The private key of the management user; the public one lies beside it with `.pub`."""
    return site.state_dir / "ssh" / "id_ed25519"


def known_hosts(site: Site) -> Path:
    """The site's pinned host keys. A lab's lie in its state: its hosts are new ones after each `lab hosts down`."""
    return HostLab(site).pinned_keys if site.spec.lab else site.path / "known_hosts"


def write_config(site: Site) -> Path:
    """Write the SSH configuration of all hosts, and the key where there is none yet; return the configuration."""
    lines = [
        "# Written by yiyun; changes are lost. Use it with: ssh -F, ANSIBLE_SSH_ARGS, pyinfra --data ssh_config_file"
    ]
    for name, address in _addresses(site):
        lines += ["", f"Host {name} {address}", f"    HostName {address}", *_settings(site, MANAGEMENT_USER)]
        lines.append(f"    IdentityFile {_quoted(ensure_key(site))}")
        lines.append("    IdentitiesOnly yes")
        lines.append(f"    UserKnownHostsFile {_quoted(known_hosts(site))}")
        lines.append("    StrictHostKeyChecking yes")
    files.make_dir(site.state_dir)
    files.write(config_file(site), "\n".join(lines) + "\n")
    return config_file(site)


def ensure_key(site: Site) -> Path:
    """Make the management user's key unless it exists; return the private one. Raises UserError without ssh-keygen."""
    path = key_file(site)
    files.make_dir(site.state_dir)
    files.make_dir(path.parent)
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or not path.with_suffix(".pub").exists():
            path.unlink(missing_ok=True)
            comment = f"{MANAGEMENT_USER}@{site.name}"
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
            try:
                subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            except FileNotFoundError:
                raise UserError("ssh-keygen is missing: install the package openssh-client") from None
            except subprocess.CalledProcessError as error:
                raise UserError(f"ssh-keygen: {error.stderr.decode(errors='replace').strip()}") from None
    return path


def public_key(site: Site) -> str:
    """The management user's public key: one line of an authorized_keys file."""
    return ensure_key(site).with_suffix(".pub").read_text(encoding="ascii").strip()


def environment(site: Site) -> dict[str, str]:
    """Variables with which plain Ansible reaches the hosts of a site.

    Connections are kept open per site: Ansible's own directory for them is one for all sites, and tells hosts apart by
    name only, so that a run on one lab would reach the host of the same name in another.
    """
    sockets = site.state_dir / "cp"
    reused = len(str(sockets)) <= MAX_SOCKET_DIRECTORY
    master = "-o ControlMaster=auto -o ControlPersist=60s" if reused else "-o ControlMaster=no"
    return {
        "ANSIBLE_SSH_ARGS": f"-F {shlex.quote(str(config_file(site)))} {master}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
    }


def _addresses(site: Site) -> list[tuple[str, str]]:
    return [(host.name, str(host.address)) for host in site.hosts]


def _settings(site: Site, user: str) -> list[str]:
    return [f"    User {user}", *_way(site), "    ServerAliveInterval 15"]


def _way(site: Site) -> list[str]:
    """How packets get there: a lab's hosts are in a network namespace."""
    if not site.spec.lab:
        return ["    ConnectTimeout 15"]
    return ["    ConnectTimeout 15", f"    ProxyCommand {HostLab(site).proxy_command()}"]


def _quoted(path: Path) -> str:
    return json.dumps(str(path))
