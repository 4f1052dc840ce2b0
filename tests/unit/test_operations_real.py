"""A cluster on a lab's hosts, as far as no host is needed."""

import pytest
from shipped import site

from yiyun.errors import UserError
from yiyun.operations import environment, real
from yiyun.operations.hosts import bring_up

REAL = site("lab-real")


class Api:
    """Answers every request with what stands under its path."""

    def __init__(self, **answers):
        self.answers = answers

    def request(self, _method, path, query=None):
        self.query = query
        return self.answers[path.rsplit("/", 1)[-1]]


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def node(*images):
    return {"status": {"images": [{"names": list(names)} for names in images]}}


@pytest.mark.parametrize(
    ("nodes", "noted"),
    [
        ([], []),
        ([node(["a:1"], ["b:1", "b@sha256:0"])], ["a:1", "b:1", "b@sha256:0"]),
        ([node(["a:1"], ["b:1"]), node(["b:1"], ["c:1"])], ["b:1"]),
        ([node(["a:1"]), {"status": {}}], []),
    ],
)
def test_an_image_counts_that_every_worker_has(nodes, noted):
    api = Api(nodes={"items": nodes})
    real.note_images(REAL, api)
    assert api.query == {"labelSelector": "yiyun.io/role-worker=true"}
    assert real.images_file(REAL).read_text().split() == noted


def recorded(uid):
    for name in real.OF_A_CLUSTER:
        (REAL.state_dir / name).mkdir(parents=True)
    (REAL.state_dir / "cluster").write_text(uid)


def left():
    return sorted(path.name for path in REAL.state_dir.iterdir())


def test_the_state_of_this_cluster_is_kept():
    recorded("one")
    real.forget_lost_cluster(REAL, Api(**{"kube-system": {"metadata": {"uid": "one"}}}), lambda _text: None)
    assert left() == ["cluster", "plans", "pulumi", "stacks"]


def test_the_state_of_a_cluster_that_went_with_its_hosts_is_forgotten():
    recorded("one")
    said = []
    real.forget_lost_cluster(REAL, Api(**{"kube-system": {"metadata": {"uid": "two"}}}), said.append)
    assert left() == []
    assert "went with its hosts" in said[0]


def test_without_a_cluster_the_way_to_one_is_told():
    with pytest.raises(UserError, match=r"has no cluster yet: run  \./yiyun up --real --site .*lab-real"):
        environment.kubeconfig(REAL)


@pytest.mark.parametrize("name", ["lab", "hospital"])
def test_only_a_lab_with_real_hosts_is_brought_up_so(name):
    with pytest.raises(UserError, match=r"site\.yaml: tier: up --real boots hosts"):
        bring_up.up(site(name), lambda _text: None)


@pytest.mark.parametrize("name", ["lab", "hospital"])
def test_other_sites_are_reached_from_where_one_is(name):
    with real.entered(site(name)):
        pass
