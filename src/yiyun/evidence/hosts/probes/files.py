"""Owner and mode of the files on which everything else rests. A link counts as what it leads to."""

import re

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, lines

PATHS = (
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/etc",
    "/etc/audit",
    "/etc/audit/auditd.conf",
    "/etc/containerd/config.toml",
    "/etc/cron.allow",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.deny",
    "/etc/cron.hourly",
    "/etc/cron.monthly",
    "/etc/cron.weekly",
    "/etc/crontab",
    "/etc/group",
    "/etc/group-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/hosts.equiv",
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-scheduler.yaml",
    "/etc/kubernetes/pki",
    "/etc/kubernetes/pki/apiserver.key",
    "/etc/kubernetes/pki/ca.key",
    "/etc/kubernetes/scheduler.conf",
    "/etc/pam.d",
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/security",
    "/etc/security/opasswd",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssh/sshd_config",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/systemd/system",
    "/root",
    "/root/.rhosts",
    "/root/.ssh",
    "/root/.ssh/authorized_keys",
    "/run/containerd/containerd.sock",
    "/run/docker.sock",
    "/tmp",  # noqa: S108
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
    "/var/log",
    "/var/log/audit",
    "/var/log/audit/audit.log",
    "/var/log/auth.log",
    "/var/log/btmp",
    "/var/log/lastlog",
    "/var/log/messages",
    "/var/log/secure",
    "/var/log/sudo.log",
    "/var/log/syslog",
    "/var/log/wtmp",
    "/var/tmp",  # noqa: S108
)
_COMMAND = f"stat -L -c '%f %U %G %s %n' -- {' '.join(PATHS)} /etc/ssh/ssh_host_*_key 2>&1; true"
_FOUND = re.compile(r"(?P<mode>[0-9a-f]+) (?P<owner>\S+) (?P<group>\S+) (?P<size>\d+) (?P<path>/.+)")
_MISSING = re.compile(r"stat: cannot statx? '([^']+)': (No such file or directory|Not a directory)")


def parse(text: str) -> Facts:
    """`paths`: by path, None where there is nothing, else owner, group, mode (number), size in bytes; `host_keys` too."""
    paths: dict[str, dict[str, object] | None] = {}
    keys: list[dict[str, object]] = []
    for line in lines(text):
        if missing := _MISSING.fullmatch(line):
            paths[missing[1]] = None
        elif match := _FOUND.fullmatch(line):
            about: dict[str, object] = {
                "path": match["path"],
                "owner": match["owner"],
                "group": match["group"],
                "mode": int(match["mode"], 16) & 0o7777,
                "size": int(match["size"]),
            }
            if match["path"].startswith("/etc/ssh/ssh_host_"):
                keys.append(about)
            else:
                paths[match["path"]] = about
        elif not line.startswith("stat: cannot stat"):
            raise Unreadable("stat prints a line that is no file")
    if paths.get("/etc") is None:
        raise Unreadable("stat does not speak of /etc")
    return {"paths": {path: paths[path] for path in PATHS if path in paths}, "host_keys": keys}


PROBE = Probe(_COMMAND, parse)
