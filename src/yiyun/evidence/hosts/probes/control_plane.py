"""The control plane as it runs: command lines of its processes, and the files with which the API server was started."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from yiyun.evidence.hosts.probes import Facts, Probe, Unreadable, blocks, lines, number, part

# A container's files are read through its own root. Keys of the encryption are blotted out on the host.
_COMMAND = r"""
command -v ps >/dev/null || exit 3
arguments() { tr '\0' '\n' <"/proc/$1/cmdline" | tail -n +2 | grep -viE 'password|cluster-token'; }
started() { echo "started $(($(date +%s) - $(ps -o etimes= -p "$1")))"; }
ps -e -o pid= -o comm= | while read -r pid name; do
  case $name in kube-apiserver|kube-controller|kube-scheduler|etcd) ;; *) continue ;; esac
  if [ "$name" = kube-controller ]; then tr '\0' '\n' <"/proc/$pid/cmdline" | head -n 1 | grep -q 'manager$' || continue; fi
  echo "== $name"; arguments "$pid"
  [ "$name" = etcd ] && { echo '== etcd environment'; tr '\0' '\n' <"/proc/$pid/environ" | grep '^ETCD_' | grep -viE 'password|token'; }
  [ "$name" = kube-apiserver ] || continue
  echo '== times'; started "$pid" || exit 4
  for flag in audit-policy-file encryption-provider-config authentication-config authorization-config admission-control-config-file; do
    file=$(arguments "$pid" | sed -n "s/^--$flag=//p" | tail -n 1)
    [ -n "$file" ] && echo "$flag $(stat -L -c %Z "/proc/$pid/root$file")"
  done
  for flag in audit-policy-file encryption-provider-config authentication-config authorization-config admission-control-config-file; do
    file=$(arguments "$pid" | sed -n "s/^--$flag=//p" | tail -n 1)
    [ -n "$file" ] || continue
    echo "== $flag"
    sed -E 's/EncryptionConfiguration/Encryption/; s/("?secret"?[[:space:]]*:[[:space:]]*)[^],}[:space:]]+/\1hidden/g' "/proc/$pid/root$file" |
      if [ "$flag" = encryption-provider-config ]; then sed -E 's#[A-Za-z0-9+/=]{20,}#hidden#g'; else cat; fi
    echo
  done
done || exit 4
echo '== end'
"""


def parse(text: str) -> Facts:
    """`apiserver`, `manager`, `scheduler`, `etcd`: what counts for each; None where it does not run here."""
    parts = blocks(text)
    part(parts, "end")
    return {
        "apiserver": _apiserver(parts) if "kube-apiserver" in parts else None,
        "manager": _manager(_flags(parts["kube-controller"])) if "kube-controller" in parts else None,
        "scheduler": _scheduler(_flags(parts["kube-scheduler"])) if "kube-scheduler" in parts else None,
        "etcd": _etcd(parts) if "etcd" in parts else None,
    }


def _flags(text: str) -> dict[str, str]:
    """Flags by name without dashes; a flag without a value is `true`. Of a repeated one the last counts."""
    found: dict[str, str] = {}
    waiting = ""
    for line in lines(text):
        match = re.fullmatch(r"--?([a-zA-Z0-9-]+)(?:=(.*))?", line)
        if match:
            found[match[1]] = "true" if match[2] is None else match[2]
            waiting = match[1] if match[2] is None else ""
        elif waiting:
            found[waiting], waiting = line, ""
        else:
            raise Unreadable("a command line has a word that belongs to no flag")
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _on(flags: Mapping[str, str], name: str, default: bool) -> bool:
    value = flags.get(name, str(default)).lower()
    if value not in ("true", "false", "1", "0", "t", "f"):
        raise Unreadable(f"the flag {name} is neither true nor false")
    return value in ("true", "1", "t")


def _file(parts: Mapping[str, str], flags: Mapping[str, str], flag: str) -> dict[str, Any] | None:
    """Content of the file that a flag names; None where it names none."""
    if not flags.get(flag):
        return None
    try:
        content = yaml.load(part(parts, flag), yaml.CSafeLoader)
    except yaml.YAMLError:
        raise Unreadable(f"the file of {flag} is no YAML") from None
    if not isinstance(content, dict):
        raise Unreadable(f"the file of {flag} is no mapping")
    return content


def _maps(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = holder.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unreadable(f"{key} is no list of mappings")
    return found


def _map(holder: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key) or {}
    if not isinstance(found, dict):
        raise Unreadable(f"{key} is no mapping")
    return found


def _texts(holder: Mapping[str, Any], key: str) -> list[str]:
    found = holder.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Unreadable(f"{key} is no list of texts")
    return found


def _apiserver(parts: Mapping[str, str]) -> dict[str, Any]:
    flags = _flags(parts["kube-apiserver"])
    times = dict(line.split(" ", 1) for line in lines(part(parts, "times")) if " " in line)
    began = number(times.get("started", ""), "the start of the API server")

    def stale(flag: str) -> bool:
        return bool(flags.get(flag)) and number(times.get(flag, ""), f"the time of {flag}") > began + 1

    policy = _file(parts, flags, "audit-policy-file")
    return {
        **_who(parts, flags),
        "audit": {
            "sinks": [name for name in ("audit-log-path", "audit-webhook-config-file") if flags.get(name)],
            "days": number(flags.get("audit-log-maxage", "0"), "audit-log-maxage"),
            "files": number(flags.get("audit-log-maxbackup", "0"), "audit-log-maxbackup"),
            "stale": stale("audit-policy-file"),
            "rules": None if policy is None else _audit_rules(policy),
        },
        "encryption": {
            "stale": stale("encryption-provider-config")
            and not _on(flags, "encryption-provider-config-automatic-reload", False),
            "resources": _encryption(_file(parts, flags, "encryption-provider-config")),
        },
        "etcd_servers": _words(flags.get("etcd-servers", "")),
        "etcd_ca": flags.get("etcd-cafile", ""),
        "etcd_certificate": flags.get("etcd-certfile", ""),
        "kubelet_ca": flags.get("kubelet-certificate-authority", ""),
        "kubelet_certificate": flags.get("kubelet-client-certificate", ""),
        **_tls(flags),
        "profiling": _on(flags, "profiling", True),
        "admission_on": _words(flags.get("enable-admission-plugins", "")),
        "admission_off": _words(flags.get("disable-admission-plugins", "")),
        "pod_security": {
            "stale": stale("admission-control-config-file"),
            "defaults": _pod_security(_file(parts, flags, "admission-control-config-file")),
        },
    }


def _tls(flags: Mapping[str, str]) -> dict[str, Any]:
    minimum = flags.get("tls-min-version", "VersionTLS12").removeprefix("Version").replace("TLS1.", "TLS1")
    return {
        "tls_minimum": minimum,
        "tls_ciphers": _words(flags.get("tls-cipher-suites", "") or flags.get("cipher-suites", "")),
    }


def _who(parts: Mapping[str, str], flags: Mapping[str, str]) -> dict[str, Any]:
    """Who is let in as whom. Without a word, everybody is, under the name `system:anonymous`."""
    config = _file(parts, flags, "authentication-config") or {}
    anonymous = _map(config, "anonymous")
    conditions = _maps(anonymous, "conditions")
    enabled = _on(flags, "anonymous-auth", True)
    if anonymous:
        enabled = anonymous.get("enabled") is True
    modes = _words(flags.get("authorization-mode", "AlwaysAllow"))
    if (file := _file(parts, flags, "authorization-config")) is not None:
        modes = [str(each.get("type")) for each in _maps(file, "authorizers")]
    return {
        "anonymous": enabled,
        "anonymous_limited": bool(conditions),
        "anonymous_paths": [str(each.get("path")) for each in conditions],
        "authorization": modes,
        "client_ca": flags.get("client-ca-file", ""),
        "static_tokens": bool(flags.get("token-auth-file")),
    }


_LISTS = ("users", "userGroups", "verbs", "namespaces", "nonResourceURLs")


def _audit_rules(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    if policy.get("kind") != "Policy":
        raise Unreadable("the audit policy is none")
    found = []
    for each in _maps(policy, "rules"):
        stages = {*_texts(policy, "omitStages"), *_texts(each, "omitStages")}
        found.append(
            {
                "level": str(each.get("level")),
                "ends": "ResponseComplete" not in stages,
                **{key: _texts(each, key) for key in _LISTS},
                "resources": [
                    {
                        "group": str(resource.get("group") or ""),
                        "resources": _texts(resource, "resources"),
                        "names": _texts(resource, "resourceNames"),
                    }
                    for resource in _maps(each, "resources")
                ],
            }
        )
    return found


def _encryption(config: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    """What is encrypted by which providers, in order: the first one writes."""
    if config is None:
        return None
    return [
        {
            "resources": _texts(each, "resources"),
            "providers": [name for provider in _maps(each, "providers") for name in provider],
        }
        for each in _maps(config, "resources")
    ]


def _pod_security(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What holds for namespaces without a label; None where nothing was set."""
    for plugin in _maps(config or {}, "plugins"):
        if plugin.get("name") == "PodSecurity":
            if plugin.get("path"):
                raise Unreadable("the settings of PodSecurity stand in another file")
            settings = _map(plugin, "configuration")
            exempt = _map(settings, "exemptions")
            return {
                "enforce": str(_map(settings, "defaults").get("enforce") or "privileged"),
                "namespaces": _texts(exempt, "namespaces"),
                "users": _texts(exempt, "usernames"),
                "runtime_classes": _texts(exempt, "runtimeClasses"),
            }
    return None


def _manager(flags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "own_credentials": _on(flags, "use-service-account-credentials", False),
        "root_ca": flags.get("root-ca-file", ""),
        "profiling": _on(flags, "profiling", True),
        "address": flags.get("bind-address", "0.0.0.0"),  # noqa: S104 (what it does without the flag)
    }


def _scheduler(flags: Mapping[str, str]) -> dict[str, Any]:
    if "config" in flags:
        raise Unreadable("the scheduler takes its settings from a file")
    return {
        "profiling": _on(flags, "profiling", True),
        "address": flags.get("bind-address", "0.0.0.0"),  # noqa: S104
    }


def _etcd(parts: Mapping[str, str]) -> dict[str, Any]:
    flags = _environment(lines(parts.get("etcd environment", ""))) | _flags(parts["etcd"])
    if flags.get("config-file"):
        raise Unreadable("etcd takes its settings from a file")
    return {
        "client_urls": _words(flags.get("listen-client-urls", "http://localhost:2379")),
        "client_proof": _on(flags, "client-cert-auth", False),
        "client_ca": flags.get("trusted-ca-file", ""),
        "client_made_up": _on(flags, "auto-tls", False),
        "peer_urls": _words(flags.get("listen-peer-urls", "http://localhost:2380")),
        "peer_proof": _on(flags, "peer-client-cert-auth", False),
        "peer_ca": flags.get("peer-trusted-ca-file", ""),
        "peer_made_up": _on(flags, "peer-auto-tls", False),
        **_tls(flags),
    }


def _environment(shown: Sequence[str]) -> dict[str, str]:
    """Etcd takes what no flag says from its environment."""
    pairs = (line.removeprefix("ETCD_").partition("=") for line in shown)
    return {name.lower().replace("_", "-"): value for name, _, value in pairs}


PROBE = Probe(_COMMAND, parse)
