"""What yiyun tells templates about a host and its site: the variables `yiyun_host` and `yiyun_site`.

Ansible gets the same from playbooks/vars_plugins/yiyun_site.py, so that a role and `plan` see one truth.
"""

from functools import lru_cache
from typing import Any

from yiyun.site import Site
from yiyun.site.labels import node_labels
from yiyun.site.model import Host


@lru_cache(maxsize=8)
def site_variable(site: Site) -> dict[str, Any]:
    """`yiyun_site`: site.yaml as it was read, all hosts by name, and the labels of their Kubernetes nodes."""
    return {
        **site.spec.model_dump(mode="json"),
        "hosts": {host.name: host_variable(host) for host in site.hosts},
        "node_labels": {host.name: node_labels(host, site.name) for host in site.hosts},
    }


def host_variable(host: Host) -> dict[str, Any]:
    """`yiyun_host`: the fields of `yiyun.site.model.Host`; `roles` is sorted."""
    return {**host.model_dump(mode="json"), "roles": sorted(host.roles)}
