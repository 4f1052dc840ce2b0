"""What roles promise hosts, for tests of single roles and of all."""

from functools import cache

from recorded import OS_RELEASE

from yiyun.evidence.hosts import roles
from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.evidence.hosts.roles import Role, RolePromises
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory, os_profile

ROLES = roles.load(CHECKOUT / "roles")
OS_RELEASES = {
    "debian-12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "openeuler-22.03": 'NAME="openEuler"\nVERSION="22.03 (LTS-SP4)"\nID="openEuler"\nVERSION_ID="22.03"\n'
    'PRETTY_NAME="openEuler 22.03 (LTS-SP4)"\n',
    "rocky-9": 'NAME="Rocky Linux"\nVERSION="9.4 (Blue Onyx)"\nID="rocky"\nVERSION_ID="9.4"\n'
    'PLATFORM_ID="platform:el9"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\n',
}


def given(site: Site, name: str, os_name: str, lacks: list[str]) -> dict:
    profile = os_profile.identify(OS_RELEASES[os_name])
    assert profile.name == os_name
    return {
        "inventory_hostname": name,
        "yiyun_os": profile.model_dump(mode="json"),
        "yiyun_host": host_variable(site.host(name)),
        "yiyun_site": site_variable(site),
        "yiyun_lacks": lacks,
    }


@cache
def lab() -> tuple[Site, inventory.Inventory]:
    """Site and inventory of the shipped lab."""
    path = CHECKOUT / "inventories" / "lab"
    return Site.load(path), inventory.read(path / "hosts.yaml")


def promised(role: str, host: str, os_name: str = "debian-12", **own: object) -> RolePromises:
    """Render the role's promises; `own` wins over the inventory and the role's defaults, as extra variables do."""
    site, listed = lab()
    known = {
        "inventory_hostname": host,
        "yiyun_os": os_profile.identify((OS_RELEASE / os_name).read_text(encoding="utf-8")).model_dump(mode="json"),
        "yiyun_host": host_variable(site.host(host)),
        "yiyun_site": site_variable(site),
        "yiyun_lacks": [],
        **own,
    }
    return Role(CHECKOUT / "roles" / role).promised_to(listed.hosts[host].variables, known)
