"""One command from nothing to a site, again, and after an edit."""

import json

import pytest
from conftest import files_of_stacks

pytestmark = pytest.mark.lab


def test_gate_passes_before_any_up(workplace):
    report = json.loads(workplace.yiyun("gate", "--format", "json").stdout)
    assert report["summary"]["not_evaluated"] == 0
    assert report["summary"]["pass"] > 200


def test_up_brings_the_site(brought_up):
    api = brought_up.api()
    site = brought_up.site
    vms = api.request("GET", "/apis/kubevirt.io/v1/virtualmachines")["items"]
    assert {vm["metadata"]["name"] for vm in vms} == {vm.name for vm in site.spec.compute.vms}
    clusters = api.request("GET", "/apis/ceph.rook.io/v1/cephclusters")["items"]
    assert len(clusters) == 2
    nodes = api.request("GET", "/api/v1/nodes")["items"]
    ready = [n for n in nodes if any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"]["conditions"])]
    assert len(ready) == len(site.hosts)
    assert {n["metadata"]["labels"]["kubernetes.io/arch"] for n in nodes} == {"amd64", "arm64"}


def test_pods_land_in_their_zones(brought_up):
    api = brought_up.api()
    zone_of = {
        n["metadata"]["name"]: n["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for n in api.request("GET", "/api/v1/nodes")["items"]
    }
    for application in brought_up.site.spec.compute.applications:
        path = f"/api/v1/namespaces/{application.tenant}/pods"
        pods = api.request("GET", path, query={"labelSelector": f"app.kubernetes.io/name={application.name}"})["items"]
        assert len(pods) == application.replicas
        assert all(pod["status"]["phase"] == "Running" for pod in pods)
        assert {zone_of[pod["spec"]["nodeName"]] for pod in pods} == set(application.zones)


def test_second_up_changes_nothing(brought_up):
    assert "0 resources changed" in brought_up.yiyun("up").stdout


def test_one_edit_changes_exactly_one_object(brought_up):
    vm = brought_up.site.spec.compute.vms[0]
    text = (brought_up.directory / "site.yaml").read_text(encoding="utf-8")
    at = text.index("memory_gib", text.index(f"name: {vm.name}"))
    changed = text[:at] + text[at:].replace(f"memory_gib: {vm.memory_gib}", f"memory_gib: {vm.memory_gib + 1}", 1)
    (brought_up.directory / "site.yaml").write_text(changed, encoding="utf-8")
    done = brought_up.yiyun("up", "--yes")
    assert f"VirtualMachine/{brought_up.site.vpc_of_subnet(vm.subnet).tenant}/{vm.name}" in done.stderr
    assert "1 resources changed" in done.stdout
    live = brought_up.api().request(
        "GET",
        f"/apis/kubevirt.io/v1/namespaces/{brought_up.site.vpc_of_subnet(vm.subnet).tenant}/virtualmachines/{vm.name}",
    )
    assert live["spec"]["template"]["spec"]["domain"]["memory"]["guest"] == f"{vm.memory_gib + 1}Gi"


def test_checkout_stays_clean(brought_up):
    """An up writes nothing below the checkout, not even what git ignores."""
    before = brought_up.files_of_stacks
    assert files_of_stacks() == before
