"""Which container images a site's nodes can run.

A site pulls every image from its own registry. The hosts of a lab have no registry: what their nodes can run is what
they were given, and `YIYUN_IMAGES` names the file that lists it, as the nodes themselves report it.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from yiyun.site import Site

VARIABLE = "YIYUN_IMAGES"


def missing(site: Site, workload: Mapping[str, Any]) -> list[str]:
    """Images of a workload with a pod template that the site's nodes do not have and cannot get.

    Raises RuntimeError with the remedy on a lab with real hosts where nothing says what they have.
    """
    if not site.on_lab_hosts:
        return []
    path = os.environ.get(VARIABLE)
    if not path:
        raise RuntimeError(f"{VARIABLE} is not set: run  eval $(./yiyun env --site {site.path})  first")
    pod = workload["spec"]["template"]["spec"]
    wanted = {container["image"] for container in (*pod.get("initContainers", ()), *pod["containers"])}
    return sorted(wanted - _listed(Path(path)))


@cache
def _listed(path: Path) -> frozenset[str]:
    return frozenset(path.read_text(encoding="utf-8").split())
