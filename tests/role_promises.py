"""What a role promises a host of the lab, for tests of single roles."""

from recorded import OS_RELEASE

from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.evidence.hosts.roles import Role, RolePromises
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory, os_profile


def promised(role: str, host: str, os_name: str = "debian-12", **own: object) -> RolePromises:
    """Render the role's promises; `own` wins over the inventory and the role's defaults, as extra variables do."""
    path = CHECKOUT / "inventories" / "lab"
    site, listed = Site.load(path), inventory.read(path / "hosts.yaml")
    known = {
        "inventory_hostname": host,
        "yiyun_os": os_profile.identify((OS_RELEASE / os_name).read_text(encoding="utf-8")).model_dump(mode="json"),
        "yiyun_host": host_variable(site.host(host)),
        "yiyun_site": site_variable(site),
        "yiyun_lacks": [],
        **own,
    }
    return Role(CHECKOUT / "roles" / role).promised_to(listed.hosts[host].variables, known)
