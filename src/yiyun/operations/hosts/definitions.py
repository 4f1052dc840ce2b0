"""Registers the custom resource definitions of crds.lock with a cluster on real hosts."""

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from yiyun import crds, files
from yiyun.errors import UserError
from yiyun.lab.api import Api, ApiError, Target, Unreachable
from yiyun.lab.pki import Pair
from yiyun.operations import real
from yiyun.site import Site

Report = Callable[[str], None]


def register(site: Site, report: Report) -> str:
    """Give the cluster the kinds of crds.lock and wait until they are served; return in words what was done.

    A kind that no source has stands with an open schema, and is named. Raises UserError when the server refuses.
    """
    lock = crds.read()
    found = crds.Sources(crds.bundle_dir(), crds.crd_cache(), report, True).find(lock.projects)
    try:
        with real.entered(site), tempfile.TemporaryDirectory() as scratch:
            api = Api(_target(real.kubeconfig(site), Path(scratch)))
            registered = crds.register(api, lock.kinds, found)
            crds.wait_served(api, lock.kinds)
            crds.wait_changed(api, lock.kinds, registered)
    except (ApiError, Unreachable) as error:
        raise UserError(f"kinds of {site.name}: {error}; run the same command again") from error
    for name in registered.unchecked:
        report(f"{name}: no source has its schema; its objects are accepted unchecked, the gate does not pass them")
    return f"{len(lock.kinds)} kinds, {len(registered.created)} added, {len(registered.unchecked)} without a schema"


def _target(kubeconfig: Path, scratch: Path) -> Target:
    """Where the API server of a kubeadm kubeconfig is; its certificates and key are written into `scratch`."""
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]

    def written(name: str, encoded: str) -> Path:
        files.write(scratch / name, base64.b64decode(encoded))
        return scratch / name

    return Target(
        cluster["server"],
        written("ca.crt", cluster["certificate-authority-data"]),
        Pair(
            written("client.crt", user["client-certificate-data"]),
            written("client.key", user["client-key-data"]),
        ),
    )
