"""Which workloads are waited for, and how those without an image are told."""

import pytest
from shipped import item_of, site

from yiyun.components import container_images
from yiyun.components.application import application_items
from yiyun.components.kubernetes import SKIP_AWAIT, finished
from yiyun.operations.engine import Step
from yiyun.operations.report import NO_IMAGE, standing

REAL = site("lab-real")
PORTAL = REAL.application("portal")


@pytest.fixture
def nodes_have(monkeypatch, tmp_path):
    """Say which images the nodes have."""

    def say(*images):
        path = tmp_path / "images"
        path.write_text("".join(f"{image}\n" for image in images))
        monkeypatch.setenv(container_images.VARIABLE, str(path))
        container_images._listed.cache_clear()

    yield say
    container_images._listed.cache_clear()


def deployment(of):
    app = of.spec.compute.applications[0]
    item = item_of(application_items(of, app), f"Deployment/{app.tenant}/{app.name}")
    return finished(of, "compute", item)


def standing_of(manifest):
    return standing(Step("create", f"urn::Deployment/{manifest['metadata']['name']}", manifest))


def test_a_workload_whose_image_the_nodes_have_is_waited_for(nodes_have):
    nodes_have("registry.example/other:1", PORTAL.image)
    manifest = deployment(REAL)
    assert SKIP_AWAIT not in manifest["metadata"]["annotations"]
    assert standing_of(manifest) == "ready"


def test_a_workload_whose_image_they_lack_is_never_called_ready(nodes_have):
    nodes_have("registry.example/other:1", PORTAL.image.rpartition(":")[0] + ":0")
    manifest = deployment(REAL)
    assert manifest["metadata"]["annotations"][SKIP_AWAIT] == "true"
    assert standing_of(manifest) == NO_IMAGE


def test_init_containers_count(nodes_have):
    nodes_have("a:1")
    workload = {
        "spec": {"template": {"spec": {"initContainers": [{"image": "b:1"}], "containers": [{"image": "a:1"}]}}}
    }
    assert container_images.missing(REAL, workload) == ["b:1"]


def test_without_a_word_about_the_nodes_nothing_is_guessed(monkeypatch):
    monkeypatch.delenv(container_images.VARIABLE, raising=False)
    with pytest.raises(RuntimeError, match=r"yiyun env --site .*lab-real"):
        deployment(REAL)


@pytest.mark.parametrize("name", ["lab", "hospital"])
def test_sites_with_a_registry_or_simulated_nodes_wait_as_ever(monkeypatch, name):
    monkeypatch.delenv(container_images.VARIABLE, raising=False)
    assert SKIP_AWAIT not in deployment(site(name))["metadata"]["annotations"]
