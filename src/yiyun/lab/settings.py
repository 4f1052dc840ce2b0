"""Configuration files of the parts: audit, encryption at rest, admission, the simulated nodes' behaviour, kubeconfigs."""

import base64
import secrets
from pathlib import Path
from typing import Any

import yaml

from yiyun import files
from yiyun.lab.api import Target
from yiyun.lab.pki import Pair

KEY_BYTES = 32

AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # The simulated nodes renew their leases every few seconds: no person, no decision, 95 % of the volume.
        {
            "level": "None",
            "users": ["yiyun:kwok"],
            "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}],
        },
        # Bodies of these hold credentials.
        {
            "level": "Metadata",
            "resources": [
                {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
                {"group": "authentication.k8s.io"},
            ],
        },
        {"level": "Metadata", "resources": [{"group": "", "resources": ["events"]}, {"group": "events.k8s.io"}]},
        # Schemas of half a megabyte, written by the lab itself.
        {
            "level": "Metadata",
            "resources": [
                {
                    "group": "apiextensions.k8s.io",
                    "resources": ["customresourcedefinitions", "customresourcedefinitions/status"],
                }
            ],
        },
        {"level": "Request", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "Metadata"},
    ],
}

ADMISSION: dict[str, Any] = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AdmissionConfiguration",
    "plugins": [
        {
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                # For namespaces that carry no label of their own.
                "defaults": {
                    "enforce": "baseline",
                    "enforce-version": "latest",
                    "audit": "restricted",
                    "audit-version": "latest",
                    "warn": "restricted",
                    "warn-version": "latest",
                },
                "exemptions": {"usernames": [], "runtimeClasses": [], "namespaces": ["kube-system"]},
            },
        }
    ],
}

_NODE_READY = """\
{{ $now := Now }}
phase: Running
conditions:
{{ range $type := list "Ready" "MemoryPressure" "DiskPressure" "PIDPressure" }}
- type: {{ $type | Quote }}
  status: {{ if eq $type "Ready" }}"True"{{ else }}"False"{{ end }}
  reason: Simulated
  message: no machine and no kubelet stand behind this node
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
"""

# A pod on a simulated node counts as running as soon as it is scheduled. Nothing ever ends by itself: a Job's pod
# that "succeeded" here would claim work that nobody did.
_RUNNING = """\
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) \
( or .metadata.namespace "" ) | Quote }}
conditions:
{{ range $type := list "Initialized" "ContainersReady" "Ready" }}
- type: {{ $type | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  {{ if eq (or .restartPolicy "") "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
"""


def _stage(name: str, kind: str, conditions: list[dict[str, Any]], then: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": conditions},
            "next": then,
            **more,
        },
    }


def _when(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'

STAGES: tuple[dict[str, Any], ...] = (
    _stage(
        "node-becomes-ready",
        "Node",
        [_when(_READY, "NotIn", "True")],
        {"statusTemplate": _NODE_READY},
    ),
    _stage(
        "pod-runs",
        "Pod",
        [_when(".metadata.deletionTimestamp", "DoesNotExist"), _when(".status.podIP", "DoesNotExist")],
        {"statusTemplate": _RUNNING},
    ),
    _stage("pod-ends", "Pod", [_when(".metadata.deletionTimestamp", "Exists")], {"delete": True}),
)


def encryption(path: Path) -> None:
    """Write the encryption configuration with a new key, once: losing the key loses every Secret."""
    if path.exists():
        return
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    provider = {"secretbox": {"keys": [{"name": "key1", "secret": key}]}}
    files.write_yaml(
        path,
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": [provider]}],
        },
    )


def kubeconfig(path: Path, cluster: str, user: str, target: Target, *, embed: bool) -> None:
    """Write a kubeconfig for one user; `embed` copies certificate and key into it, so that the file stands alone."""
    if target.client is None:
        raise ValueError("a kubeconfig needs a client certificate")
    context = f"{user}@{cluster}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": target.url, **_file("certificate-authority", target.authority, embed)},
            }
        ],
        "users": [{"name": user, "user": _client(target.client, embed)}],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
    }
    files.write_yaml(path, content)


def _client(pair: Pair, embed: bool) -> dict[str, str]:
    return _file("client-certificate", pair.certificate, embed) | _file("client-key", pair.key, embed)


def _file(key: str, path: Path, embed: bool) -> dict[str, str]:
    return {f"{key}-data": base64.b64encode(path.read_bytes()).decode()} if embed else {key: str(path)}


def kwok(path: Path) -> None:
    """Write the behaviour of simulated nodes and pods."""
    files.write(path, yaml.safe_dump_all(STAGES, sort_keys=False))
