"""Command lines and configuration: loopback only, TLS only, nobody anonymous, nothing lost on a crash."""

import base64
import stat
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from yiyun.lab import parts, settings
from yiyun.lab.layout import PEOPLE, Layout

PORTS = {name: 20000 + number for number, name in enumerate(parts.PORTS)}
PODS, SERVICES = IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/16")


@pytest.fixture
def lab(tmp_path):
    layout = Layout(tmp_path / "lab")
    layout.make()
    ids = parts.identities(layout, SERVICES)
    parts.write_configuration(layout, ids, PORTS, "ward")
    return layout, ids


def all_parts(lab, ports=PORTS, services=SERVICES):
    layout, ids = lab
    made = parts.parts(layout, ids, ports, lambda name: Path("/bin") / name, PODS, services)
    return {part.name: part for part in made}


def flags(part):
    return dict(flag.removeprefix("--").split("=", 1) for flag in part.command[1:])


def test_parts_come_in_the_order_of_starting(lab):
    assert tuple(all_parts(lab)) == parts.NAMES


def test_everything_listens_on_loopback_and_with_tls(lab):
    for part in all_parts(lab).values():
        for name, value in flags(part).items():
            assert "0.0.0.0" not in value  # noqa: S104  # that it is absent
            if name.endswith(("-address", "-urls")):
                assert "127.0.0.1" in value
            assert not value.startswith("http://")
    served = all_parts(lab)
    assert flags(served["etcd"])["tls-min-version"] == "TLS1.3"
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert flags(served[name])["tls-min-version"] == "VersionTLS13"
        assert flags(served[name])["profiling"] == "false"
        assert flags(served[name])["bind-address"] == "127.0.0.1"


def test_store_takes_only_its_own_clients_and_keeps_what_it_acknowledged(lab):
    etcd = flags(all_parts(lab)["etcd"])
    assert etcd["client-cert-auth"] == etcd["peer-client-cert-auth"] == "true"
    assert etcd["trusted-ca-file"] != flags(all_parts(lab)["kube-apiserver"])["client-ca-file"]
    assert "unsafe-no-fsync" not in etcd


def test_api_server_is_hardened(lab):
    api = flags(all_parts(lab)["kube-apiserver"])
    assert api["anonymous-auth"] == "false"
    assert api["authorization-mode"] == "Node,RBAC"
    assert "NodeRestriction" in api["enable-admission-plugins"].split(",")
    assert (int(api["audit-log-maxage"]), int(api["audit-log-maxbackup"])) == (184, 10)
    assert api["service-cluster-ip-range"] == "10.96.0.0/16"
    for name in ("audit-policy-file", "encryption-provider-config", "admission-control-config-file"):
        assert yaml.safe_load(Path(api[name]).read_text())["kind"]


def test_nodes_are_judged_by_the_controller_manager(lab):
    """Without this controller simulated nodes would stay tainted as not ready for ever."""
    controllers = flags(all_parts(lab)["kube-controller-manager"])["controllers"].split(",")
    assert controllers[0] == "*"
    assert "-node-lifecycle-controller" not in controllers
    assert parts.GRACE_SECONDS > parts.LEASE_SECONDS


def test_fingerprint_changes_with_what_a_part_reads(lab):
    layout, _ = lab
    before = {name: part.fingerprint for name, part in all_parts(lab).items()}
    assert {name: part.fingerprint for name, part in all_parts(lab).items()} == before
    (layout.config / "audit-policy.yaml").write_text("other")
    changed = {name for name, part in all_parts(lab).items() if part.fingerprint != before[name]}
    assert changed == {"kube-apiserver"}


def test_fingerprint_changes_with_the_command_line(lab):
    before = {name: part.fingerprint for name, part in all_parts(lab).items()}
    after = all_parts(lab, services=IPv4Network("10.112.0.0/16"))
    assert {name for name, part in after.items() if part.fingerprint != before[name]} == {"kube-apiserver"}


def test_parts_get_no_environment_of_the_user(lab, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for part in all_parts(lab).values():
        assert set(part.environment) == {"HOME", "PATH", "GOGC"}


def test_no_heap_has_a_limit_that_it_could_reach(lab):
    """Near a limit Go does nothing but collect garbage; the percentage bounds memory without that."""
    for part in all_parts(lab).values():
        assert int(part.environment["GOGC"]) < 100
        assert "GOMEMLIMIT" not in part.environment


def test_configuration_is_readable_by_its_owner_alone(lab):
    layout, _ = lab
    files = [path for path in layout.root.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_encryption_key_is_made_once_and_is_long(tmp_path):
    path = tmp_path / "encryption.yaml"
    settings.encryption(path)
    first = path.read_bytes()
    settings.encryption(path)
    assert path.read_bytes() == first
    resources = yaml.safe_load(first)["resources"]
    assert [each["resources"] for each in resources] == [["secrets"]]
    providers = resources[0]["providers"]
    assert [list(each) for each in providers] == [["secretbox"]]  # no `identity`: nothing is ever read or written plain
    assert len(base64.b64decode(providers[0]["secretbox"]["keys"][0]["secret"])) == 32
    settings.encryption(tmp_path / "other.yaml")
    assert (tmp_path / "other.yaml").read_bytes() != first


def level(verb, group, resource, user="ops"):
    """What the audit policy says of a request: its first rule that matches."""
    for rule in settings.AUDIT_POLICY["rules"]:
        groups = rule.get("resources")
        matches = groups is None or any(
            each["group"] == group and (not each.get("resources") or resource in each["resources"]) for each in groups
        )
        if matches and user in rule.get("users", [user]) and verb in rule.get("verbs", [verb]):
            return rule["level"]
    return None


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (("create", "", "secrets"), "Metadata"),
        (("patch", "", "secrets"), "Metadata"),
        (("create", "", "serviceaccounts/token"), "Metadata"),
        (("create", "authentication.k8s.io", "tokenreviews"), "Metadata"),
        (("create", "", "configmaps"), "Request"),
        (("patch", "kubeovn.io", "vpcs"), "Request"),
        (("delete", "apps", "deployments"), "Request"),
        (("get", "", "pods"), "Metadata"),
        (("list", "", "secrets"), "Metadata"),
        (("update", "coordination.k8s.io", "leases"), "Request"),
        (("update", "coordination.k8s.io", "leases", "yiyun:kwok"), "None"),
        (("patch", "", "nodes/status", "yiyun:kwok"), "Request"),
    ],
)
def test_audit_policy(request_, wanted):
    assert level(*request_) == wanted


def test_pods_are_baseline_where_a_namespace_says_nothing():
    plugin = settings.ADMISSION["plugins"][0]
    assert plugin["name"] == "PodSecurity"
    assert plugin["configuration"]["defaults"]["enforce"] == "baseline"
    assert plugin["configuration"]["exemptions"]["namespaces"] == ["kube-system"]


def test_simulated_pods_never_finish():
    """A Job that `succeeded` on a simulated node would claim work that nobody did."""
    assert "Succeeded" not in yaml.safe_dump_all(settings.STAGES)


@pytest.mark.parametrize("person", PEOPLE)
def test_kubeconfig_stands_alone(lab, person):
    layout, ids = lab
    config = yaml.safe_load(layout.kubeconfig(person).read_text())
    assert config["current-context"] == f"{person}@ward"
    user = config["users"][0]["user"]
    assert base64.b64decode(user["client-certificate-data"]) == ids.clients[person].certificate.read_bytes()
    assert base64.b64decode(user["client-key-data"]) == ids.clients[person].key.read_bytes()
    cluster = config["clusters"][0]["cluster"]
    assert cluster["server"] == f"https://127.0.0.1:{PORTS['kube-apiserver']}"
    assert base64.b64decode(cluster["certificate-authority-data"]) == ids.authority.read_bytes()


def test_only_yiyun_itself_stands_above_rbac():
    masters = [user for user, groups in parts.GROUPS.items() if "system:masters" in groups]
    assert masters == ["admin"]


def test_kubeconfig_without_a_certificate_is_a_mistake(lab, tmp_path):
    layout, ids = lab
    target = parts.api_target(ids, PORTS, "ops")
    with pytest.raises(ValueError, match="client certificate"):
        settings.kubeconfig(tmp_path / "x", "ward", "ops", type(target)(target.url, target.authority), embed=True)
    assert layout.kubeconfig("ops").exists()
