"""What a site is: the typed content of `hosts.yaml` and `site.yaml`.

Field names and units here are the published schema (docs/schemas/). Sizes are GiB (2^30 bytes) unless the
name says otherwise, addresses are IPv4, `zone` is an availability zone.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$")]
"""A DNS-1123 label, short enough that suffixes still fit Kubernetes' limit of 63."""
Port = Annotated[int, Field(ge=1, le=65535)]
Arch = Literal["amd64", "arm64"]
Hostname = Annotated[str, StringConstraints(pattern=r"^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$")]


class CpuFamily(StrEnum):
    """CPU families told apart by yiyun (design decision 13)."""

    INTEL = "intel"
    AMD = "amd"
    HYGON = "hygon"
    KUNPENG = "kunpeng"
    PHYTIUM = "phytium"
    ZHAOXIN = "zhaoxin"
    LOONGSON = "loongson"
    OTHER = "other"


class FailureDomain(StrEnum):
    """What one copy or shard may be lost with."""

    HOST = "host"
    RACK = "rack"
    SWITCH_PAIR = "switch_pair"
    ZONE = "zone"


class Model(BaseModel):
    """Base of all site models: closed (a misspelled key is refused) and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- hosts.yaml -----------------------------------------------------------------------------------------------


class Disk(Model):
    """One disk of a host, by a name that survives reboots."""

    id: Annotated[str, StringConstraints(pattern=r"^/dev/disk/by-(id|path)/[^/\s]+$")]
    kind: Literal["nvme", "ssd", "hdd"]
    size_gib: Annotated[int, Field(gt=0)]
    use: Literal["system", "block", "object", "local"]
    """Which cluster owns it: `block` and `object` name the two Ceph clusters, `local` is for local volumes."""
    device_class: Name | None = None
    """Ceph device class; needed for `block` and `object` disks, refused on others."""


class Host(Model):
    """One machine. Read from the host variables `yiyun_*` and `ansible_host` of hosts.yaml."""

    name: Name
    address: IPv4Address
    zone: Name
    room: Name
    rack: Name
    switch_pair: Name
    cpu_family: CpuFamily
    cpu_model: str = "unknown"
    arch: Arch
    page_size_kib: Literal[4, 16, 64] = 4
    kernel: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+(\.\d+)?\S*$")]
    os_profile: str
    cpus: Annotated[int, Field(gt=0)]
    memory_gib: Annotated[int, Field(gt=0)]
    disks: tuple[Disk, ...] = ()
    roles: frozenset[str] = frozenset()
    """Inventory groups of the host among ROLES."""


ROLES = ("control", "etcd", "worker", "gateway", "storage_block", "storage_object", "database")
"""Inventory groups with a meaning to yiyun. `etcd` defaults to the `control` hosts when the group is absent."""


# --- site.yaml: places -----------------------------------------------------------------------------------------


class Zone(Model):
    """An availability zone."""

    name: Name
    location: str
    """Street address or campus of the machine rooms; evidence for clause 8.2.1.1."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Tenant(Model):
    """An owner of workloads: a hospital, a department, the platform's shared services. Owns one namespace."""

    name: Name
    """Also the name of its namespace."""
    mlps_level: Annotated[int, Field(ge=1, le=5)]
    cpu_quota: Annotated[int, Field(gt=0)]
    memory_quota_gib: Annotated[int, Field(gt=0)]
    storage_quota_gib: Annotated[int, Field(gt=0)]
    pod_quota: Annotated[int, Field(gt=0)] = 500
    data_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "CN"


# --- site.yaml: network -----------------------------------------------------------------------------------------


class Subnet(Model):
    """One subnet of a VPC, in one zone."""

    name: Name
    zone: Name
    cidr: IPv4Network
    gateway: IPv4Address


class SecurityGroupRule(Model):
    """One allow rule. Exactly one of `cidr` and `group` says who the other side is."""

    protocol: Literal["tcp", "udp", "icmp", "all"]
    ports: Annotated[str, StringConstraints(pattern=r"^\d{1,5}(-\d{1,5})?$")] | None = None
    cidr: IPv4Network | None = None
    group: Name | None = None


class SecurityGroup(Model):
    """Stateful allow list of ports; what it does not name is dropped in both directions."""

    name: Name
    ingress: tuple[SecurityGroupRule, ...] = ()
    egress: tuple[SecurityGroupRule, ...] = ()


class Egress(Model):
    """HA egress gateway of a VPC (Kube-OVN VpcEgressGateway): replicas over the gateway hosts of its zones."""

    arch: Arch | Literal["any"] = "any"
    replicas: Annotated[int, Field(ge=2)] = 2
    bandwidth_mbit: Annotated[int, Field(gt=0)] | None = None


class FloatingAddress(Model):
    """Destination NAT from the external network into the VPC (EIP + DNAT)."""

    name: Name
    address: IPv4Address
    protocol: Literal["tcp", "udp"]
    port: Port
    target: IPv4Address
    target_port: Port
    tls: bool
    """Whether what listens behind it speaks TLS. A public listener without TLS fails the gate."""


class Vpc(Model):
    """A virtual private cloud: an isolated router with one subnet per zone."""

    name: Name
    tenant: Name
    cidr: IPv4Network
    subnets: Annotated[tuple[Subnet, ...], Field(min_length=1)]
    egress: Egress | None = None
    """None: no way out to the external network."""
    private_line: bool = False
    """Whether the VPC reaches the legacy IDC over network.private_line."""
    peers: tuple[Name, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    floating_addresses: tuple[FloatingAddress, ...] = ()


class PrivateLineHandoff(Model):
    """One VLAN hand-off of the private line, in one zone."""

    zone: Name
    vlan: Annotated[int, Field(ge=1, le=4094)]
    cidr: IPv4Network
    gateway: IPv4Address
    """Address of the customer-edge routers (VRRP)."""


class PrivateLine(Model):
    """The private line to the legacy data centre (IDC)."""

    interface: str
    idc_cidrs: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    handoffs: Annotated[tuple[PrivateLineHandoff, ...], Field(min_length=1)]


class External(Model):
    """The network outside of the cloud: campus or internet edge."""

    interface: str
    cidr: IPv4Network
    gateway: IPv4Address
    load_balancer_range: Annotated[str, StringConstraints(pattern=r"^[\d.]+-[\d.]+$")]
    """First-last address given to platform load balancers (MetalLB)."""


class BgpPeer(Model):
    """A leaf switch that learns the platform's load balancer addresses."""

    name: Name
    zone: Name
    address: IPv4Address
    asn: Annotated[int, Field(ge=1, le=4294967295)]


class Network(Model):
    """All address plans of the site."""

    management: IPv4Network
    """The hosts' own addresses."""
    pods: IPv4Network
    services: IPv4Network
    storage: IPv4Network
    """Ceph's public and cluster traffic; separate from management (clause 8.2.5.1-b)."""
    operations: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    """Where administrators come from: bastion networks, in the country."""
    external: External
    private_line: PrivateLine | None = None
    bgp_asn: Annotated[int, Field(ge=1, le=4294967295)] = 65010
    bgp_peers: tuple[BgpPeer, ...] = ()
    vpcs: tuple[Vpc, ...] = ()


# --- site.yaml: storage -----------------------------------------------------------------------------------------


class Pool(Model):
    """A Ceph pool. Either `replicas`, or `data` + `coding` (erasure code)."""

    name: Name
    device_class: Name
    zones: Annotated[tuple[Name, ...], Field(min_length=1)]
    failure_domain: FailureDomain
    replicas: Annotated[int, Field(ge=1, le=8)] | None = None
    data: Annotated[int, Field(ge=1, le=32)] | None = None
    coding: Annotated[int, Field(ge=1, le=16)] | None = None
    min_size: Annotated[int, Field(ge=1)] | None = None
    """Copies or shards that must be up for I/O; default: replicas 2 of 3 (n - n//2 in general), erasure code k + 1."""
    accept_io_stop: bool = False
    """Written consent that I/O stops (data kept) when one failure domain is lost."""
    default: bool = False


class ObjectUser(Model):
    """A tenant's user of the object store."""

    name: Name
    tenant: Name
    store: Name
    max_buckets: Annotated[int, Field(ge=1)] = 500
    max_size_gib: Annotated[int, Field(ge=1)]


class Bucket(Model):
    """A bucket, claimed in its tenant's namespace."""

    name: Name
    user: Name
    max_size_gib: Annotated[int, Field(ge=1)]


class QosClass(Model):
    """Limits of one disk (VolumeAttributesClass). IOPS are per second, bandwidth is MiB per second."""

    name: Name
    read_iops: Annotated[int, Field(gt=0)]
    write_iops: Annotated[int, Field(gt=0)]
    read_mib: Annotated[int, Field(gt=0)]
    write_mib: Annotated[int, Field(gt=0)]


class Storage(Model):
    """Two Ceph clusters: `block` for disks, `object` for buckets and what must survive the block cluster."""

    ceph_image: str
    encrypted: bool
    """Whether OSDs are encrypted at rest (dm-crypt)."""
    block_pools: Annotated[tuple[Pool, ...], Field(min_length=1)]
    object_stores: Annotated[tuple[Pool, ...], Field(min_length=1)]
    """One store per data pool; index pools are always replicated by 3 over the same zones."""
    object_users: tuple[ObjectUser, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    qos_classes: tuple[QosClass, ...] = ()


# --- site.yaml: compute -----------------------------------------------------------------------------------------


class Image(Model):
    """A VM image for one architecture."""

    name: Name
    arch: Arch
    os: str
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DataDisk(Model):
    """A data disk of one VM."""

    name: Name
    size_gib: Annotated[int, Field(gt=0)]
    pool: Name | None = None
    qos: Name | None = None


class SharedDisk(Model):
    """A raw disk that several VMs attach; the guests need a cluster filesystem."""

    name: Name
    tenant: Name
    size_gib: Annotated[int, Field(gt=0)]
    pool: Name | None = None


class Vm(Model):
    """A virtual machine. Architecture and settings follow from `cpu_family`."""

    name: Name
    subnet: Name
    address: IPv4Address
    image: Name
    cpu_family: CpuFamily
    cpus: Annotated[int, Field(ge=1, le=256)]
    memory_gib: Annotated[int, Field(ge=1)]
    system_disk_gib: Annotated[int, Field(ge=10)]
    system_disk_qos: Name | None = None
    data_disks: tuple[DataDisk, ...] = ()
    shared_disks: tuple[Name, ...] = ()
    security_groups: tuple[Name, ...] = ()
    running: bool = True
    backup: Literal["daily", "weekly", "none"] = "daily"


class Application(Model):
    """A stateless service: a Deployment spread over zones, its Service and disruption budget."""

    name: Name
    tenant: Name
    image: str
    zones: Annotated[tuple[Name, ...], Field(min_length=1)]
    replicas: Annotated[int, Field(ge=1)]
    port: Port
    protocol: Literal["http", "h2c", "tcp", "udp"] = "http"
    arch: Arch | Literal["any"] = "any"
    cpu_millicores: Annotated[int, Field(gt=0)] = 250
    memory_mib: Annotated[int, Field(gt=0)] = 256
    health_path: str = "/healthz"


class Compute(Model):
    """Images, virtual machines and stateless services."""

    images: tuple[Image, ...] = ()
    shared_disks: tuple[SharedDisk, ...] = ()
    vms: tuple[Vm, ...] = ()
    applications: tuple[Application, ...] = ()


# --- site.yaml: load balancers -----------------------------------------------------------------------------------


class L4Port(Model):
    """One port of a layer-4 load balancer."""

    name: Name
    protocol: Literal["tcp", "udp"]
    port: Port
    target_port: Port


class L4(Model):
    """A layer-4 load balancer on an address inside a VPC, with VMs as backends."""

    name: Name
    vpc: Name
    address: IPv4Address
    vms: Annotated[tuple[Name, ...], Field(min_length=1)]
    ports: Annotated[tuple[L4Port, ...], Field(min_length=1)]
    sticky: bool = False


class Route(Model):
    """One path prefix of a layer-7 load balancer."""

    host: Hostname
    path: Annotated[str, StringConstraints(pattern=r"^/\S*$")] = "/"
    application: Name
    websocket: bool = False


class StreamPort(Model):
    """A raw TCP or UDP listener of a layer-7 load balancer, for example HL7 MLLP on 2575."""

    name: Name
    protocol: Literal["tcp", "udp"]
    port: Port
    application: Name
    tls: bool = True
    """Whether a TCP listener speaks TLS; UDP has none. A public TCP listener without TLS fails the gate."""


class L7(Model):
    """A layer-7 load balancer (Gateway): HTTP/1.1, HTTP/2, WebSocket and TLS.

    Health checks, retries and the redirect from HTTP to HTTPS are always made.
    """

    name: Name
    tenant: Name
    hostnames: Annotated[tuple[Hostname, ...], Field(min_length=1)]
    tls: bool = True
    """False makes plain-text listeners; on a public address that fails the gate."""
    routes: tuple[Route, ...] = ()
    streams: tuple[StreamPort, ...] = ()


class LoadBalancers(Model):
    """Layer 4 and layer 7."""

    l4: tuple[L4, ...] = ()
    l7: tuple[L7, ...] = ()


# --- site.yaml: databases ----------------------------------------------------------------------------------------


class DatabaseReplica(Model):
    """Where one replica (or Paxos zone) of a database runs."""

    zone: Name
    cpu_family: CpuFamily


class Database(Model):
    """A database service with its replicas spread over zones and its backups in the object cluster.

    OceanBase takes one CPU family per replica; PostgreSQL wants one architecture for all replicas; TiDB makes one
    TidbCluster per architecture, joined to one logical cluster.
    """

    name: Name
    engine: Literal["oceanbase", "postgresql", "tidb"]
    tenant: Name
    replicas: Annotated[tuple[DatabaseReplica, ...], Field(min_length=1)]
    cpus: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[int, Field(ge=1)]
    data_gib: Annotated[int, Field(ge=1)]
    log_gib: Annotated[int, Field(ge=1)]
    backup_bucket: Name
    allow_from: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    pool: Name | None = None


# --- site.yaml: operations ---------------------------------------------------------------------------------------


class Logs(Model):
    """Where audit logs go and how long they are kept."""

    retention_days: Annotated[int, Field(ge=1)]
    bucket: Name


class Backup(Model):
    """Copies of disks kept in the object cluster (Velero data mover)."""

    bucket: Name
    schedule: Annotated[str, StringConstraints(pattern=r"^\S+ \S+ \S+ \S+ \S+$")]
    keep_days: Annotated[int, Field(ge=1)]


class SiteSpec(Model):
    """The wished-for cloud: the content of site.yaml."""

    version: Literal[1]
    name: Name
    mlps_level: Annotated[int, Field(ge=1, le=4)]
    lab: bool = False
    """A lab keeps Pulumi's state in local files; other sites need a shared backend with a lock."""
    tier: Literal["control-plane", "hosts", "data-planes"] = "control-plane"
    """Which controllers run: see `docs/lab-limits.md`."""
    backend: str | None = None
    """Pulumi backend URL of a site that is not a lab (S3-compatible or PostgreSQL)."""
    domain: Hostname
    registry: str
    """Host (and port) of the site's own image registry."""
    zones: Annotated[tuple[Zone, ...], Field(min_length=1)]
    tenants: tuple[Tenant, ...] = ()
    network: Network
    storage: Storage
    compute: Compute = Compute()
    load_balancers: LoadBalancers = LoadBalancers()
    databases: tuple[Database, ...] = ()
    logs: Logs
    backup: Backup
