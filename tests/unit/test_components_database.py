"""OceanBase, PostgreSQL and TiDB: where replicas run, and where backups go."""

import re
import tomllib

import pytest
from shipped import SITES, by_key, changed, item_of, site

from yiyun.components.database import node_affinity
from yiyun.components.oceanbase import cluster_id, oceanbase_items
from yiyun.components.postgresql import postgresql_items
from yiyun.components.secret_refs import bucket_user
from yiyun.components.tidb import drivers, tidb_clusters, tidb_items
from yiyun.errors import UserError
from yiyun.site.model import CpuFamily, DatabaseReplica

LAB = site("lab")
ITEMS = {"oceanbase": oceanbase_items, "postgresql": postgresql_items, "tidb": tidb_items}
ALL = [(name, database) for name in SITES for database in site(name).spec.databases]
OCEANBASE, TIDB, POSTGRESQL = LAB.spec.databases
ZONE, ARCH, FAMILY, ROLE = (
    "topology.kubernetes.io/zone",
    "kubernetes.io/arch",
    "yiyun.io/cpu-family",
    "yiyun.io/role-database",
)


def of(engine):
    return [pytest.param(site(name), d, id=f"{name}-{d.name}") for name, d in ALL if d.engine == engine]


def places(affinity):
    """Set of (zone, family, arch) that a required node affinity allows; the role must always be asked for."""
    found = set()
    for term in affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]:
        labels = {each["key"]: each["values"] for each in term["matchExpressions"]}
        assert labels[ROLE] == ["true"]
        assert all(len(values) == 1 for values in labels.values())
        found.add((labels[ZONE][0], labels[FAMILY][0], labels[ARCH][0]))
    return found


def wanted_places(where, replicas):
    return {(r.zone, r.cpu_family.value, where.arch_of(r.cpu_family)) for r in replicas}


def objects(where, database):
    """Manifests of a database by kind; of several of one kind, the first."""
    found = {}
    for manifest in by_key(ITEMS[database.engine](where, database)).values():
        found.setdefault(manifest["kind"], manifest)
    return found


@pytest.mark.parametrize("engine", sorted(ITEMS))
def test_the_shipped_sites_have_every_engine(engine):
    assert of(engine)


@pytest.mark.parametrize(("name", "database"), ALL, ids=lambda value: getattr(value, "name", value))
def test_everything_lies_with_the_tenant_and_data_is_protected(name, database):
    data = {"OBCluster", "OBTenant", "Cluster", "TidbCluster"}
    for item in ITEMS[database.engine](site(name), database):
        assert item.manifest["metadata"]["namespace"] == database.tenant
        assert item.manifest["metadata"]["labels"]["yiyun.io/database"] == database.name
        assert item.holds_data == (item.manifest["kind"] in data)


@pytest.mark.parametrize(("name", "database"), ALL, ids=lambda value: getattr(value, "name", value))
def test_backups_go_to_the_bucket_in_the_object_cluster(name, database):
    where = site(name)
    store = bucket_user(where, database.backup_bucket).store
    host = f"rook-ceph-rgw-{store}.rook-ceph-object.svc"
    found = objects(where, database)
    if database.engine == "oceanbase":
        spec = found["OBTenantBackupPolicy"]["spec"]
        targets = [spec[part]["destination"] for part in ("logArchive", "dataBackup")]
        for target in targets:
            assert target["path"].startswith(f"s3://{database.backup_bucket}/{database.name}/")
            assert f"?host={host}&" in target["path"]
            assert (target["type"], target["ossAccessSecret"]) == ("S3_COMPATIBLE", f"{database.name}.backup-s3")
        assert targets[0]["path"] != targets[1]["path"]
    elif database.engine == "postgresql":
        spec = found["ObjectStore"]["spec"]["configuration"]
        assert spec["destinationPath"] == f"s3://{database.backup_bucket}/{database.name}"
        assert spec["endpointURL"] == f"https://{host}"
        plugin = found["Cluster"]["spec"]["plugins"][0]
        assert plugin["isWALArchiver"] is True
        assert plugin["parameters"] == {"barmanObjectName": found["ObjectStore"]["metadata"]["name"]}
        assert found["ScheduledBackup"]["spec"]["cluster"]["name"] == database.name
    else:
        spec = found["BackupSchedule"]["spec"]
        for part in ("backupTemplate", "logBackupTemplate"):
            target = spec[part]["s3"]
            assert (target["bucket"], target["endpoint"]) == (database.backup_bucket, f"https://{host}")
            assert target["secretName"] == f"{database.name}.backup-s3"


# --- OceanBase ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "database"), of("oceanbase"))
def test_each_observer_runs_where_the_site_says(where, database):
    topology = objects(where, database)["OBCluster"]["spec"]["topology"]
    assert len(topology) == len(database.replicas)
    for zone, replica in zip(topology, database.replicas, strict=True):
        assert zone["replica"] == 1
        assert zone["nodeSelector"] == {
            ZONE: replica.zone,
            ARCH: where.arch_of(replica.cpu_family),
            FAMILY: replica.cpu_family.value,
            ROLE: "true",
        }
        apart = zone["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
        assert apart["topologyKey"] == "kubernetes.io/hostname"


@pytest.mark.parametrize(("where", "database"), of("oceanbase"))
def test_the_tenant_has_a_replica_in_each_paxos_zone(where, database):
    found = objects(where, database)
    zones = [each["zone"] for each in found["OBCluster"]["spec"]["topology"]]
    assert len(set(zones)) == len(zones)
    pools = found["OBTenant"]["spec"]["pools"]
    assert [pool["zone"] for pool in pools] == zones
    assert sorted(pool["priority"] for pool in pools) == list(range(1, len(zones) + 1))


def test_two_observers_of_one_zone_are_two_paxos_zones():
    replicas = [DatabaseReplica(zone="az1", cpu_family=CpuFamily.KUNPENG)] * 3
    topology = objects(LAB, changed(OCEANBASE, replicas=tuple(replicas)))["OBCluster"]["spec"]["topology"]
    assert [each["zone"] for each in topology] == ["az1", "az1n2", "az1n3"]


def test_oceanbase_is_refused_on_phytium():
    replicas = (*OCEANBASE.replicas[:2], DatabaseReplica(zone="az3", cpu_family=CpuFamily.PHYTIUM))
    with pytest.raises(UserError, match=r"his-core.*phytium"):
        oceanbase_items(LAB, changed(OCEANBASE, replicas=replicas))


def test_only_the_networks_of_the_site_may_connect():
    found = objects(LAB, OCEANBASE)["OBTenant"]["spec"]["connectWhiteList"]
    assert found == ",".join(str(network) for network in OCEANBASE.allow_from)


def test_cluster_ids_differ_and_stay():
    others = [changed(OCEANBASE, name=name) for name in ("a", "b", "c")]
    numbers = {cluster_id(each) for each in (OCEANBASE, *others)}
    assert len(numbers) == 4
    assert all(0 < number < 2**32 for number in numbers)
    assert cluster_id(OCEANBASE) == cluster_id(changed(OCEANBASE, cpus=99))


def test_a_tenant_leaves_room_for_the_system():
    found = objects(LAB, changed(OCEANBASE, cpus=16, memory_gib=64, log_gib=200))["OBTenant"]["spec"]["pools"][0]
    assert found["resource"] == {"minCPU": 8, "maxCPU": 8, "memorySize": "32Gi", "logDiskSize": "100Gi"}


def test_the_backup_policy_does_not_wait_for_a_running_tenant():
    items = oceanbase_items(LAB, OCEANBASE)
    policy = item_of(items, "OBTenantBackupPolicy/hosp-a/his-core")
    assert "tenantCRName" not in policy.manifest["spec"]
    assert policy.manifest["spec"]["tenantSecret"] == "his-core.tenant-root"
    assert policy.after == ("OBTenant/hosp-a/his-core",)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "database"), of("postgresql"))
def test_instances_run_where_the_site_says_and_apart(where, database):
    spec = objects(where, database)["Cluster"]["spec"]
    assert spec["instances"] == len(database.replicas)
    assert places(spec["affinity"]["nodeAffinity"]) == wanted_places(where, database.replicas)
    assert spec["affinity"]["podAntiAffinityType"] == "required"
    (constraint,) = spec["topologySpreadConstraints"]
    assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == (ZONE, "DoNotSchedule")
    assert constraint["labelSelector"]["matchLabels"] == {
        "cnpg.io/cluster": database.name,
        "cnpg.io/podRole": "instance",
    }


@pytest.mark.parametrize(("where", "database"), of("postgresql"))
def test_a_commit_waits_for_a_standby(where, database):
    synchronous = objects(where, database)["Cluster"]["spec"]["postgresql"]["synchronous"]
    assert synchronous["number"] >= 1
    assert synchronous["dataDurability"] == "required"
    assert synchronous["failoverQuorum"] == (len(database.replicas) > 2)


def test_a_single_instance_waits_for_nobody():
    alone = changed(POSTGRESQL, replicas=POSTGRESQL.replicas[:1])
    assert "synchronous" not in objects(LAB, alone)["Cluster"]["spec"]["postgresql"]


def test_clients_need_tls_and_a_known_network():
    rules = objects(LAB, POSTGRESQL)["Cluster"]["spec"]["postgresql"]["pg_hba"]
    assert rules[-1] == "host all all all reject"
    networks = [re.fullmatch(r"hostssl all all (\S+) scram-sha-256", rule)[1] for rule in rules[:-1]]
    assert networks == [*map(str, POSTGRESQL.allow_from), str(LAB.spec.network.pods)]


def test_logins_and_changes_are_logged():
    parameters = objects(LAB, POSTGRESQL)["Cluster"]["spec"]["postgresql"]["parameters"]
    assert (parameters["log_connections"], parameters["log_disconnections"]) == ("on", "on")
    assert {"ddl", "role"} <= set(parameters["pgaudit.log"].split(","))
    assert parameters["shared_buffers"] == f"{POSTGRESQL.memory_gib * 256}MB"


def test_the_owner_logs_in_with_the_password_of_the_secret():
    spec = objects(LAB, POSTGRESQL)["Cluster"]["spec"]
    assert spec["bootstrap"]["initdb"]["secret"] == {"name": "sso-db.owner"}
    assert spec["bootstrap"]["initdb"]["owner"] == "sso_db"
    assert spec["enableSuperuserAccess"] is False


def test_the_pool_is_spread_over_the_zones():
    found = objects(LAB, POSTGRESQL)["Pooler"]
    assert found["spec"]["instances"] == 3
    assert found["spec"]["cluster"] == {"name": "sso-db"}
    constraint = found["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
    assert constraint["labelSelector"] == {"matchLabels": {"cnpg.io/poolerName": found["metadata"]["name"]}}


# --- TiDB --------------------------------------------------------------------------------------------------------


def clusters(where, database):
    return [m for m in by_key(tidb_items(where, database)).values() if m["kind"] == "TidbCluster"]


@pytest.mark.parametrize(("where", "database"), of("tidb"))
def test_one_cluster_for_each_architecture_joined_to_the_first(where, database):
    found = clusters(where, database)
    archs = {where.arch_of(replica.cpu_family) for replica in database.replicas}
    assert {each["spec"]["nodeSelector"][ARCH] for each in found} == archs
    first = found[0]["metadata"]
    assert "cluster" not in found[0]["spec"]
    for other in found[1:]:
        assert other["spec"]["cluster"] == {"name": first["name"], "namespace": first["namespace"]}


@pytest.mark.parametrize(("where", "database"), of("tidb"))
def test_stores_run_where_the_site_says(where, database):
    for each in clusters(where, database):
        arch = each["spec"]["nodeSelector"][ARCH]
        mine = [replica for replica in database.replicas if where.arch_of(replica.cpu_family) == arch]
        assert places(each["spec"]["affinity"]["nodeAffinity"]) == wanted_places(where, mine)
        assert each["spec"]["tikv"]["replicas"] == each["spec"]["tidb"]["replicas"] == len(mine)
        assert [c["topologyKey"] for c in each["spec"]["topologySpreadConstraints"]] == [ZONE]
        assert each["spec"]["pvReclaimPolicy"] == "Retain"


@pytest.mark.parametrize("families", [["hygon"] * 3, ["hygon", "kunpeng"], ["hygon", "kunpeng"] * 2, ["kunpeng"] * 4])
def test_placement_drivers_are_odd_in_total(families):
    replicas = tuple(
        DatabaseReplica(zone=f"az{index % 3 + 1}", cpu_family=CpuFamily(family))
        for index, family in enumerate(families)
    )
    database = changed(TIDB, replicas=replicas)
    counts = drivers(LAB, database)
    assert sum(counts.values()) % 2 == 1
    assert sum(counts.values()) >= len(families) - 1
    written = {each["spec"]["nodeSelector"][ARCH]: each["spec"]["pd"]["replicas"] for each in clusters(LAB, database)}
    assert written == counts


def test_copies_lie_in_different_zones():
    config = tomllib.loads(clusters(LAB, TIDB)[0]["spec"]["pd"]["config"])["replication"]
    assert config["location-labels"] == [ZONE, "topology.rook.io/rack", "kubernetes.io/hostname"]
    assert config["isolation-level"] == ZONE
    assert config["max-replicas"] == 3


def test_two_zones_do_not_force_isolation():
    database = changed(TIDB, replicas=tuple(r for r in TIDB.replicas if r.zone != "az3"))
    config = tomllib.loads(clusters(LAB, database)[0]["spec"]["pd"]["config"])["replication"]
    assert "isolation-level" not in config


def test_sql_needs_a_certificate_and_root_gets_a_password():
    items = by_key(tidb_items(LAB, TIDB))
    for name in tidb_clusters(LAB, TIDB).values():
        assert items[f"TidbCluster/hosp-a/{name}"]["spec"]["tidb"]["tlsClient"]["enabled"] is True
        certificate = items[f"Certificate/hosp-a/{name}-tidb-server-secret"]["spec"]
        assert f"{name}-tidb.hosp-a.svc" in certificate["dnsNames"]
    assert items["TidbInitializer/hosp-a/emr-index"]["spec"]["passwordSecret"] == "emr-index.root"


def test_stores_trust_the_object_cluster():
    spec = clusters(LAB, TIDB)[0]["spec"]["tikv"]
    assert spec["additionalVolumes"][0]["secret"] == {"secretName": "site-ca"}
    mount = spec["additionalVolumeMounts"][0]["mountPath"]
    assert {"name": "SSL_CERT_FILE", "value": f"{mount}/ca.crt"} in spec["env"]


def test_backup_jobs_have_no_wildcard_rights():
    role = objects(LAB, TIDB)["Role"]
    for rule in role["rules"]:
        assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]


def test_places_are_named_once():
    replicas = [DatabaseReplica(zone="az1", cpu_family=CpuFamily.HYGON)] * 2
    terms = node_affinity(LAB, replicas)["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert len(terms) == 1
