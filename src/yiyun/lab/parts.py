"""The five programs of the control plane: their command lines, what they read, and how to tell that they are well.

Everything listens on 127.0.0.1 and speaks TLS 1.3 only.

Memory (measured in docs/lab-limits.md): a lab with all its kinds stays below 900 MB because the API server keeps no
second copy of what etcd holds and all programs collect garbage earlier than Go does by default. Hard limits near what
is in use would be worse: beyond them a program does nothing but collect.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from yiyun.files import write_yaml
from yiyun.lab import pki, settings
from yiyun.lab.api import Target
from yiyun.lab.layout import PEOPLE, Layout
from yiyun.lab.pki import Authority, Leaf, Pair
from yiyun.lab.ports import ADDRESS

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""In the order of starting."""
PORTS: Mapping[str, str] = {
    "etcd": "etcd",
    "etcd-peer": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
}
"""Names of the ports, and which part listens there. The simulated nodes' program listens nowhere."""

GARBAGE = 30
API_SERVER_GARBAGE = 45
"""Percent; Go's default is 100. 45 instead of 100: 150 MB less in the end, half a second more to start."""

LEASE_SECONDS = 80
GRACE_SECONDS = 100
"""A node whose lease nobody renewed for so long is not ready; renewals come every quarter of LEASE_SECONDS."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "ops": ("yiyun:ops",),
    "auditor": ("yiyun:auditor",),
    "ci": ("yiyun:ci",),
}
KWOK_USER = "yiyun:kwok"

# Controllers that have nothing to do here: no cloud, no kubelet that asks for certificates or devices, no volumes to
# attach, no objects of retired kinds.
UNUSED_CONTROLLERS = (
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "cloud-node-lifecycle-controller",
    "device-taint-eviction-controller",
    "endpointslice-mirroring-controller",
    "horizontal-pod-autoscaler-controller",
    "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    "legacy-serviceaccount-token-cleaner-controller",
    "node-ipam-controller",
    "node-route-controller",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-expander-controller",
    "podcertificaterequest-cleaner-controller",
    "replicationcontroller-controller",
    "resourceclaim-controller",
    "service-lb-controller",
    "storage-version-migrator-controller",
    "storageversion-garbage-collector-controller",
    "ttl-controller",
)


@dataclass(frozen=True)
class Part:
    """One program, ready to be started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    reads: tuple[Path, ...] = ()
    """Files whose change calls for a restart."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that makes a running process the wanted one."""
        digest = hashlib.sha256()
        for text in (*self.command, *(f"{k}={v}" for k, v in sorted(self.environment.items()))):
            digest.update(text.encode() + b"\0")
        for path in self.reads:
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Identities:
    """Authorities, certificates and keys of one lab."""

    authority: Path
    etcd_authority: Path
    etcd: Pair
    etcd_peer: Pair
    etcd_client: Pair
    servers: Mapping[str, Pair]
    clients: Mapping[str, Pair]
    """By user: the people, and the parts that talk to the API server."""
    kubelet_client: Pair
    signing: Pair


def identities(layout: Layout, services: IPv4Network) -> Identities:
    """Make or renew all certificates. `services` is the range of service addresses; its first one is the API's."""
    authority = Authority(layout.pki, "ca", "yiyun lab")
    etcd = Authority(layout.pki, "etcd-ca", "yiyun lab etcd")
    local = (ADDRESS, "localhost")
    api_names = tuple(f"kubernetes{rest}" for rest in ("", ".default", ".default.svc", ".default.svc.cluster.local"))
    servers = {
        name: authority.ensure(Leaf(name, name, server=True, names=names))
        for name, names in {
            "kube-apiserver": (*local, *api_names, str(services[1])),
            "kube-controller-manager": local,
            "kube-scheduler": local,
        }.items()
    }
    users = {
        **GROUPS,
        "system:kube-controller-manager": (),
        "system:kube-scheduler": (),
        KWOK_USER: (),
    }
    clients = {
        user: authority.ensure(Leaf(f"client-{user.rpartition(':')[2]}", user, groups, client=True))
        for user, groups in users.items()
    }
    return Identities(
        authority=authority.pair.certificate,
        etcd_authority=etcd.pair.certificate,
        etcd=etcd.ensure(Leaf("etcd", "etcd", server=True, client=True, names=local)),
        etcd_peer=etcd.ensure(Leaf("etcd-peer", "etcd", server=True, client=True, names=local)),
        etcd_client=etcd.ensure(Leaf("etcd-client", "kube-apiserver", client=True)),
        servers=servers,
        clients=clients,
        kubelet_client=authority.ensure(Leaf("kubelet-client", "kube-apiserver-kubelet-client", client=True)),
        signing=pki.ensure_signing_key(layout.pki),
    )


def api_target(ids: Identities, ports: Mapping[str, int], user: str) -> Target:
    """The API server as `user` reaches it."""
    return Target(_url(ports, "kube-apiserver"), ids.authority, ids.clients[user])


def admin_target(layout: Layout, ports: Mapping[str, int]) -> Target:
    """The API server as yiyun itself reaches it, from files that exist since the first `up`."""
    client = Pair(layout.pki / "client-admin.crt", layout.pki / "client-admin.key")
    return Target(_url(ports, "kube-apiserver"), layout.pki / "ca.crt", client)


def etcd_target(layout: Layout, ports: Mapping[str, int]) -> Target:
    """The store as the API server reaches it."""
    client = Pair(layout.pki / "etcd-client.crt", layout.pki / "etcd-client.key")
    return Target(_url(ports, "etcd"), layout.pki / "etcd-ca.crt", client)


def health(layout: Layout, ports: Mapping[str, int], name: str) -> tuple[Target, str] | None:
    """Where a part says that it is well, and the path that answers 200 then; None: look at what it does."""
    if name == "etcd":
        return etcd_target(layout, ports), "/health"
    if name == "kube-apiserver":
        return admin_target(layout, ports), "/readyz"
    if name in PORTS:
        return Target(_url(ports, name), layout.pki / "ca.crt"), "/healthz"
    return None


def _url(ports: Mapping[str, int], name: str) -> str:
    return f"https://{ADDRESS}:{ports[name]}"


def write_configuration(layout: Layout, ids: Identities, ports: Mapping[str, int], cluster: str) -> None:
    """Write what the parts read, and the people's kubeconfigs."""
    write_yaml(layout.config / "audit-policy.yaml", settings.AUDIT_POLICY)
    write_yaml(layout.config / "admission.yaml", settings.ADMISSION)
    settings.encryption(layout.config / "encryption.yaml")
    settings.kwok(layout.config / "kwok.yaml")
    for user in ("system:kube-controller-manager", "system:kube-scheduler", KWOK_USER):
        path = layout.config / f"{user.rpartition(':')[2]}.kubeconfig"
        settings.kubeconfig(path, cluster, user, api_target(ids, ports, user), embed=False)
    for person in PEOPLE:
        settings.kubeconfig(layout.kubeconfig(person), cluster, person, api_target(ids, ports, person), embed=True)


def parts(
    layout: Layout,
    ids: Identities,
    ports: Mapping[str, int],
    find: Callable[[str], Path],
    pods: IPv4Network,
    services: IPv4Network,
) -> tuple[Part, ...]:
    """All parts in the order of starting. `find` gives the path of a program."""
    return (
        _etcd(layout, ids, ports, find("etcd")),
        _api_server(layout, ids, ports, find("kube-apiserver"), services),
        _controller_manager(layout, ids, ports, find("kube-controller-manager")),
        _scheduler(layout, ids, ports, find("kube-scheduler")),
        _kwok(layout, find("kwok"), pods),
    )


def _environment(layout: Layout, percent: int = GARBAGE) -> dict[str, str]:
    """Environment of a part: nothing of the user's. Garbage is collected when the heap has grown by `percent`."""
    return {"HOME": str(layout.root), "PATH": "/usr/bin:/bin", "GOGC": str(percent)}


def _flags(**flags: object) -> tuple[str, ...]:
    """Turn `tls_cert_file=x` into `--tls-cert-file=x`."""

    def text(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(value) if isinstance(value, tuple) else str(value)

    return tuple(f"--{name.replace('_', '-')}={text(value)}" for name, value in flags.items())


def _etcd(layout: Layout, ids: Identities, ports: Mapping[str, int], program: Path) -> Part:
    client, peer = _url(ports, "etcd"), _url(ports, "etcd-peer")
    flags = _flags(
        name="lab",
        data_dir=layout.data / "etcd",
        listen_client_urls=client,
        advertise_client_urls=client,
        listen_peer_urls=peer,
        initial_advertise_peer_urls=peer,
        initial_cluster=f"lab={peer}",
        client_cert_auth=True,
        trusted_ca_file=ids.etcd_authority,
        cert_file=ids.etcd.certificate,
        key_file=ids.etcd.key,
        peer_client_cert_auth=True,
        peer_trusted_ca_file=ids.etcd_authority,
        peer_cert_file=ids.etcd_peer.certificate,
        peer_key_file=ids.etcd_peer.key,
        tls_min_version="TLS1.3",
        log_level="warn",
        heartbeat_interval=50,  # ms; with the next line it elects itself, alone as it is, in half the usual time
        election_timeout=500,
    )
    return Part(
        "etcd",
        (str(program), *flags),
        _environment(layout),
        reads=(ids.etcd_authority, ids.etcd.certificate, ids.etcd_peer.certificate),
    )


def _api_server(
    layout: Layout, ids: Identities, ports: Mapping[str, int], program: Path, services: IPv4Network
) -> Part:
    server = ids.servers["kube-apiserver"]
    files = {
        "client_ca_file": ids.authority,
        "tls_cert_file": server.certificate,
        "tls_private_key_file": server.key,
        "etcd_cafile": ids.etcd_authority,
        "etcd_certfile": ids.etcd_client.certificate,
        "etcd_keyfile": ids.etcd_client.key,
        "kubelet_certificate_authority": ids.authority,
        "kubelet_client_certificate": ids.kubelet_client.certificate,
        "kubelet_client_key": ids.kubelet_client.key,
        "service_account_key_file": ids.signing.certificate,
        "service_account_signing_key_file": ids.signing.key,
        "admission_control_config_file": layout.config / "admission.yaml",
        "audit_policy_file": layout.config / "audit-policy.yaml",
        "encryption_provider_config": layout.config / "encryption.yaml",
    }
    flags = _flags(
        bind_address=ADDRESS,
        advertise_address=ADDRESS,
        secure_port=ports["kube-apiserver"],
        endpoint_reconciler_type="none",  # it refuses loopback, and nothing runs inside this cluster
        etcd_servers=_url(ports, "etcd"),
        tls_min_version="VersionTLS13",
        anonymous_auth=False,
        authorization_mode=("Node", "RBAC"),
        enable_admission_plugins=("NodeRestriction", "DenyServiceExternalIPs"),
        service_account_issuer="https://kubernetes.default.svc",
        service_cluster_ip_range=services,
        allow_privileged=True,  # storage and network agents need it; Pod Security decides where
        audit_log_path=layout.audit_log,
        audit_log_maxage=184,  # days: six months
        audit_log_maxbackup=10,
        audit_log_maxsize=100,  # MB
        profiling=False,
        watch_cache=False,  # 70 MB less; reads go to an etcd on the same machine
        max_requests_inflight=200,
        max_mutating_requests_inflight=100,
        **files,
    )
    return Part(
        "kube-apiserver",
        (str(program), *flags),
        _environment(layout, API_SERVER_GARBAGE),
        reads=tuple(files.values()),
    )


def _served(layout: Layout, ids: Identities, ports: Mapping[str, int], name: str) -> tuple[tuple[str, ...], Path]:
    """Flags that controller-manager and scheduler share, and their kubeconfig."""
    kubeconfig = layout.config / f"{name}.kubeconfig"
    flags = _flags(
        kubeconfig=kubeconfig,
        authentication_kubeconfig=kubeconfig,
        authentication_skip_lookup=True,
        client_ca_file=ids.authority,
        authorization_kubeconfig=kubeconfig,
        bind_address=ADDRESS,
        secure_port=ports[name],
        tls_cert_file=ids.servers[name].certificate,
        tls_private_key_file=ids.servers[name].key,
        tls_min_version="VersionTLS13",
        leader_elect=False,
        profiling=False,
    )
    return flags, kubeconfig


def _controller_manager(layout: Layout, ids: Identities, ports: Mapping[str, int], program: Path) -> Part:
    name = "kube-controller-manager"
    served, kubeconfig = _served(layout, ids, ports, name)
    flags = _flags(
        use_service_account_credentials=True,
        service_account_private_key_file=ids.signing.key,
        root_ca_file=ids.authority,
        controllers=("*", *(f"-{each}" for each in UNUSED_CONTROLLERS)),
        node_monitor_grace_period=f"{GRACE_SECONDS}s",
        kube_api_qps=100,
        kube_api_burst=200,
    )
    return Part(
        name,
        (str(program), *served, *flags),
        _environment(layout),
        reads=(kubeconfig, ids.authority, ids.servers[name].certificate, ids.signing.key),
    )


def _scheduler(layout: Layout, ids: Identities, ports: Mapping[str, int], program: Path) -> Part:
    name = "kube-scheduler"
    served, kubeconfig = _served(layout, ids, ports, name)
    flags = _flags(kube_api_qps=100, kube_api_burst=200)
    return Part(
        name,
        (str(program), *served, *flags),
        _environment(layout),
        reads=(kubeconfig, ids.authority, ids.servers[name].certificate),
    )


def _kwok(layout: Layout, program: Path, pods: IPv4Network) -> Part:
    kubeconfig, behaviour = layout.config / "kwok.kubeconfig", layout.config / "kwok.yaml"
    flags = _flags(
        kubeconfig=kubeconfig,
        config=behaviour,
        manage_nodes_with_annotation_selector="yiyun.io/simulated=true",
        cidr=pods,
        node_lease_duration_seconds=LEASE_SECONDS,
        v="WARN",
    )
    return Part("kwok", (str(program), *flags), _environment(layout), reads=(kubeconfig, behaviour))
