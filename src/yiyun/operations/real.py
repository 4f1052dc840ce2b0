"""A lab whose cluster runs on real hosts: the way to it, and what its nodes can run."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from yiyun import crds, files
from yiyun.errors import UserError
from yiyun.evidence.api_server import ApiServer
from yiyun.site import Site
from yiyun.site.labels import role_label

OF_A_CLUSTER = ("pulumi", "plans", "stacks")
"""Directories of a site's state that say what stands on its cluster."""


def kubeconfig(site: Site) -> Path:
    """The administrator's kubeconfig of the cluster on real hosts."""
    return site.state_dir / "kubernetes" / "admin.conf"


def images_file(site: Site) -> Path:
    """Names of the container images that every worker has, one a line, as of the last look."""
    return site.state_dir / "kubernetes" / "images"


def namespace(site: Site) -> str:
    """The network namespace from which the cluster's hosts can be reached."""
    from yiyun.lab.hosts import HostLab  # most commands need nothing of the host lab

    return HostLab(site).network.namespace


@contextmanager
def entered(site: Site) -> Iterator[None]:
    """While the block runs, this thread and all that it starts are in the network of the lab's hosts, if it has any.

    Raises UserError when the hosts are not up, and without root.
    """
    if not site.on_lab_hosts:
        yield
        return
    from yiyun.lab.hosts import network
    from yiyun.lab.hosts.lab import require_root

    require_root("reach a cluster on real hosts")
    if namespace(site) not in network.existing():
        raise UserError(f"the hosts of site {site.name} are not up: run  ./yiyun up --real --site {site.path}")
    with network.entered(namespace(site)):
        yield


def note_images(site: Site, api: ApiServer) -> None:
    """Write down which container images every worker has: there is no registry from which a lab host could pull more."""
    query = {"labelSelector": f"{role_label('worker')}=true"}
    workers = api.request("GET", "/api/v1/nodes", query=query)["items"]
    has = [{name for image in node["status"].get("images", ()) for name in image.get("names", ())} for node in workers]
    files.make_dir(images_file(site).parent)
    files.write(images_file(site), "".join(f"{name}\n" for name in sorted(set.intersection(*has) if has else ())))


def unchecked_kinds(api: ApiServer) -> set[str]:
    """Names (`<plural>.<group>`) of the kinds that stand with an open schema."""
    query = {"labelSelector": f"{crds.UNCHECKED}=true"}
    items = api.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", query=query)["items"]
    return {str(item["metadata"]["name"]) for item in items}


def forget_lost_cluster(site: Site, api: ApiServer, report: Callable[[str], None]) -> None:
    """Forget what the stacks made on an earlier cluster of the lab, which went with its hosts."""
    recorded = site.state_dir / "cluster"
    uid = str(api.request("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"])
    if not recorded.exists() or recorded.read_text(encoding="ascii") == uid:
        return
    report("an earlier cluster of this lab went with its hosts: forgetting what stood on it")
    for name in OF_A_CLUSTER:
        shutil.rmtree(site.state_dir / name, ignore_errors=True)
    recorded.unlink()
