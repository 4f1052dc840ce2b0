"""Gives every play `yiyun_host`, `yiyun_site` and `yiyun_bundle`, read as the rest of yiyun reads them."""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.host import Host
from ansible.plugins.vars import BaseVarsPlugin

from yiyun import bundle
from yiyun.errors import UserError
from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.site import Site

DOCUMENTATION = """
name: yiyun_site
short_description: What yiyun knows about a host and its site
description:
  - Sets yiyun_host (the host as yiyun.site.model.Host) and yiyun_site (site.yaml, with all hosts by name).
  - Sets yiyun_bundle, sha256 by path of the lists in the signed bundle that YIYUN_BUNDLE names; empty where it names none.
  - Speaks for inventories that lie beside a site.yaml; others are left alone.
"""

_sites: dict[Path, Site | None] = {}


class VarsModule(BaseVarsPlugin):
    """Variables of hosts of a site."""

    is_stateless = True

    def get_vars(self, loader: object, path: str, entities: object, cache: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Variables of `entities` from the site at `path`, the inventory's directory."""
        directory = Path(path)
        try:
            if directory not in _sites:
                _sites[directory] = Site.load(directory) if (directory / "site.yaml").is_file() else None
            given = bundle.opened()
        except UserError as error:
            raise AnsibleError(str(error)) from None
        site = _sites[directory]
        if site is None:
            return {}
        known = site_variable(site)["hosts"]
        sums = given.index_sums() if given else {}
        found = {}
        for entity in entities if isinstance(entities, list) else [entities]:
            if isinstance(entity, Host) and entity.name in known:
                found |= {"yiyun_host": host_variable(site.host(entity.name)), "yiyun_site": site_variable(site)}
                found["yiyun_bundle"] = sums
        return found
