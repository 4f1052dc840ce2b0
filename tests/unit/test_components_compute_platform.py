"""KubeVirt, CDI and the recycle bin."""

from shipped import by_key, site

from yiyun.components.kubevirt import kubevirt_items
from yiyun.components.recycle_bin import recycle_bin_items

LAB = site("lab")
PLATFORM = by_key(kubevirt_items(LAB))
BIN = by_key(recycle_bin_items(LAB))


def test_both_architectures_have_their_machine_type():
    machines = PLATFORM["KubeVirt/kubevirt/kubevirt"]["spec"]["configuration"]["architectureConfiguration"]
    assert machines["amd64"]["machineType"] == "q35"
    assert machines["arm64"]["machineType"] == "virt"
    assert machines["arm64"]["emulatedMachines"] == ["virt*"]


def test_migrations_are_encrypted_and_bounded():
    migrations = PLATFORM["KubeVirt/kubevirt/kubevirt"]["spec"]["configuration"]["migrations"]
    assert migrations["disableTLS"] is False
    assert migrations["bandwidthPerMigration"]
    assert migrations["parallelOutboundMigrationsPerNode"] <= migrations["parallelMigrationsPerCluster"]


def test_machines_can_live_in_restricted_namespaces():
    configuration = PLATFORM["KubeVirt/kubevirt/kubevirt"]["spec"]["configuration"]
    profile = configuration["seccompConfiguration"]["virtualMachineInstanceProfile"]["customProfile"]
    assert profile == {"runtimeDefaultProfile": True}


def test_uninstalling_is_blocked_while_machines_are_there():
    for name in ("KubeVirt/kubevirt/kubevirt", "CDI/cdi"):
        assert PLATFORM[name]["spec"]["uninstallStrategy"] == "BlockUninstallIfWorkloadsExist"


def test_images_come_from_the_sites_registry():
    assert PLATFORM["KubeVirt/kubevirt/kubevirt"]["spec"]["imageRegistry"].startswith(f"{LAB.spec.registry}/")


def test_only_expired_objects_in_the_bin_are_deleted():
    spec = BIN["DeletingPolicy/recycle-bin"]["spec"]
    assert spec["matchConstraints"]["objectSelector"] == {"matchLabels": {"yiyun.io/lifecycle": "recycled"}}
    (condition,) = spec["conditions"]
    assert condition["expression"].endswith(
        "timestamp(object.metadata.annotations['yiyun.io/recycle-until']) < time.now()"
    )
    assert "'yiyun.io/recycle-until' in object.metadata.annotations" in condition["expression"]
    resources = {name for rule in spec["matchConstraints"]["resourceRules"] for name in rule["resources"]}
    assert resources == {"virtualmachines", "persistentvolumeclaims"}


def test_nothing_is_deleted_outside_of_the_bin():
    for name, resource, label in (
        ("vm-delete-through-recycle-bin", "virtualmachines", "yiyun.io/lifecycle"),
        ("disk-delete-through-recycle-bin", "persistentvolumeclaims", "yiyun.io/disk-role"),
    ):
        spec = BIN[f"ValidatingPolicy/{name}"]["spec"]
        assert spec["validationActions"] == ["Deny"]
        assert spec["failurePolicy"] == "Fail"
        (rule,) = spec["matchConstraints"]["resourceRules"]
        assert (rule["operations"], rule["resources"]) == (["DELETE"], [resource])
        assert spec["matchConstraints"]["objectSelector"]["matchExpressions"] == [{"key": label, "operator": "Exists"}]
        assert "oldObject.metadata.labels['yiyun.io/lifecycle'] == 'recycled'" in spec["validations"][0]["expression"]


def test_the_cleaner_may_delete_machines_and_disks_and_nothing_else():
    role = BIN["ClusterRole/yiyun-recycle-bin"]
    assert role["metadata"]["labels"] == {"rbac.kyverno.io/aggregate-to-cleanup-controller": "true"}
    allowed = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    assert allowed == {("kubevirt.io", "virtualmachines"), ("", "persistentvolumeclaims")}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch", "delete"}
