"""Which Secrets the stacks refer to. No stack makes one: `./yiyun secrets init` writes them, from an encrypted file.

Stacks name Secrets, so passwords and keys never pass through Pulumi: they are in no state file, no saved plan and no
log (clause 8.1.4.8-a, confidentiality of identification data). This page is the one place that says which Secrets a
site needs, under which name, with which keys, and which of them must hold the same values. Certificates are not among
them: cert-manager makes those in the cluster, from Certificate objects.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from yiyun.site import Site
from yiyun.site.model import Database, ObjectUser

BLOCK_NAMESPACE = "rook-ceph"
OBJECT_NAMESPACE = "rook-ceph-object"
VELERO_NAMESPACE = "velero"
CERT_MANAGER_NAMESPACE = "cert-manager"

SITE_CA = "site-ca"
"""Name of the Secret (and, for CDI, of the ConfigMap) with the CA certificate of the site's own services."""
CA_KEY = "ca.crt"
ISSUER_CA = "yiyun-ca"
"""Secret with the key pair of the site's CA, in cert-manager's namespace."""
VELERO_S3 = "velero-s3"


@dataclass(frozen=True, order=True)
class SecretRef:
    """A Secret that must exist before what refers to it can work."""

    namespace: str
    name: str
    keys: tuple[str, ...]
    type: str = "Opaque"
    credential: str = ""
    """What it proves. Refs with one `credential` hold the same values, each under its reader's own keys."""
    holds: tuple[str, ...] = ()
    """What each of `keys` holds, in their order:

    access-key, secret-key      a pair of S3 keys
    s3-credentials-file         the same pair as an AWS credentials file (profile `default`)
    password                    a random password
    =TEXT                       the literal TEXT, for example a user name
    ca-certificate              PEM of the site's CA
    ca-private-key              PEM of the site's CA's key; cert-manager signs all other certificates with it
    cloud-init                  user-data of one virtual machine
    """


def s3_user_secret(user_name: str) -> str:
    """Secret with the keys of a user of the object store, in the object cluster's namespace."""
    return f"s3-{user_name}"


def rgw_host(store_name: str) -> str:
    """DNS name under which pods reach the gateways of an object store (Rook names the Service so)."""
    return f"rook-ceph-rgw-{store_name}.{OBJECT_NAMESPACE}.svc"


def database_secret(database_name: str, use: str) -> str:
    """Secret of a database. Names of databases have no dot, so no two can share one."""
    return f"{database_name}.{use}"


def backup_s3_secret(database_name: str) -> str:
    """Secret with the S3 keys that a database backs up with."""
    return database_secret(database_name, "backup-s3")


def cloud_init_secret(vm_name: str) -> str:
    """Secret with the cloud-init user-data of a virtual machine."""
    return f"{vm_name}.cloud-init"


def needed_secrets(site: Site) -> list[SecretRef]:
    """All Secrets that the stacks of `site` refer to, sorted by namespace and name."""
    return sorted({*_issuer(), *_object_store(site), *_backup(site), *_machines(site), *_databases(site)})


def needed_ca_bundles(site: Site) -> list[tuple[str, str, str]]:
    """ConfigMaps with the site's CA certificate, as (namespace, name, key). CDI reads a CA from nothing else."""
    tenants = {site.vpc_of_subnet(vm.subnet).tenant for vm in site.spec.compute.vms}
    return [(tenant, SITE_CA, CA_KEY) for tenant in sorted(tenants)]


def _ca(namespace: str) -> SecretRef:
    return SecretRef(namespace, SITE_CA, (CA_KEY,), credential="ca", holds=("ca-certificate",))


def _s3(namespace: str, name: str, keys: tuple[str, str], user_name: str) -> SecretRef:
    return SecretRef(namespace, name, keys, credential=f"s3/{user_name}", holds=("access-key", "secret-key"))


def _issuer() -> Iterator[SecretRef]:
    yield SecretRef(
        CERT_MANAGER_NAMESPACE,
        ISSUER_CA,
        ("tls.crt", "tls.key"),
        type="kubernetes.io/tls",
        credential="ca",
        holds=("ca-certificate", "ca-private-key"),
    )


def _object_store(site: Site) -> Iterator[SecretRef]:
    for user in site.spec.storage.object_users:
        yield _s3(OBJECT_NAMESPACE, s3_user_secret(user.name), ("access-key", "secret-key"), user.name)


def bucket_user(site: Site, bucket_name: str) -> ObjectUser:
    """The object user who owns a bucket."""
    storage = site.spec.storage
    owner = next(bucket.user for bucket in storage.buckets if bucket.name == bucket_name)
    return next(user for user in storage.object_users if user.name == owner)


def _backup(site: Site) -> Iterator[SecretRef]:
    owner = bucket_user(site, site.spec.backup.bucket).name
    yield SecretRef(VELERO_NAMESPACE, VELERO_S3, ("cloud",), credential=f"s3/{owner}", holds=("s3-credentials-file",))
    yield _ca(VELERO_NAMESPACE)


def _machines(site: Site) -> Iterator[SecretRef]:
    for vm in site.spec.compute.vms:
        namespace = site.vpc_of_subnet(vm.subnet).tenant
        name = cloud_init_secret(vm.name)
        yield SecretRef(
            namespace, name, ("userdata",), credential=f"cloud-init/{namespace}/{vm.name}", holds=("cloud-init",)
        )


def _password(database: Database, suffix: str, key: str = "password") -> SecretRef:
    name = database_secret(database.name, suffix)
    credential = f"password/{database.tenant}/{name}"
    return SecretRef(database.tenant, name, (key,), credential=credential, holds=("password",))


S3_KEYS = {
    "oceanbase": ("accessId", "accessKey"),
    "postgresql": ("ACCESS_KEY_ID", "ACCESS_SECRET_KEY"),
    "tidb": ("access_key", "secret_key"),
}
"""Keys under which each database engine wants its S3 access key and secret key."""


def _databases(site: Site) -> Iterator[SecretRef]:
    for database in site.spec.databases:
        keys = S3_KEYS[database.engine]
        owner = bucket_user(site, database.backup_bucket).name
        yield _s3(database.tenant, backup_s3_secret(database.name), keys, owner)
        if database.engine == "oceanbase":
            users = ("root", "proxyro", "monitor", "operator", "tenant-root", "tenant-standbyro")
            yield from (_password(database, suffix) for suffix in users)
            continue
        yield _ca(database.tenant)
        if database.engine == "postgresql":
            name = database_secret(database.name, "owner")
            yield SecretRef(
                database.tenant,
                name,
                ("username", "password"),
                type="kubernetes.io/basic-auth",
                credential=f"password/{database.tenant}/{name}",
                holds=(f"={sql_name(database.name)}", "password"),
            )
        else:
            yield _password(database, "root", key="root")


def sql_name(name: str) -> str:
    """A name as databases take it unquoted: dashes become underscores."""
    return name.replace("-", "_")
