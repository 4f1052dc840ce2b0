"""What the role under test promises, looked at with testinfra: another pair of eyes than yiyun's own collector and judge.

Molecule runs this after the role (`molecule verify` in roles/<role>); see .config/molecule/config.yml.
"""

import os
import re
from pathlib import Path

import pytest
import testinfra

from yiyun.evidence.hosts import capabilities
from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.evidence.hosts.roles import Role, RolePromises
from yiyun.operations.hosts import access
from yiyun.site import Site, inventory, os_profile

if "MOLECULE_PROJECT_DIRECTORY" not in os.environ:
    pytest.skip("molecule verify runs this for the role of its directory", allow_module_level=True)

ROLE = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SITE = Site.load(os.environ["YIYUN_SITE"])
NAME = os.environ.get("MOLECULE_HOST") or "lab-az1-02"
HOST = testinfra.get_host(f"ssh://{NAME}?ssh_config={access.config_file(SITE)}&sudo=true")
LACKS = capabilities.lacking(
    HOST.file("/run/systemd/container").content_string if HOST.file("/run/systemd/container").exists else ""
)


def _promised() -> RolePromises:
    listed = inventory.read(SITE.path / "hosts.yaml")
    profile = os_profile.identify(HOST.file("/etc/os-release").content_string)
    given = {
        "inventory_hostname": NAME,
        "group_names": sorted(listed.hosts[NAME].groups),
        "groups": {
            group: [host.name for host in listed.hosts.values() if group in host.groups] for group in listed.groups
        },
        "yiyun_os": profile.model_dump(mode="json"),
        "yiyun_host": host_variable(SITE.host(NAME)),
        "yiyun_site": site_variable(SITE),
        "yiyun_lacks": LACKS,
    }
    return Role(ROLE).promised_to(listed.hosts[NAME].variables, given)


PROMISED = _promised()


def made(part: str) -> list:
    """Entries of one part that are promised to this host and can be shown on it."""
    entries = getattr(PROMISED.promises, part)
    return [entry for entry in entries if entry.when and (entry.needs is None or entry.needs not in LACKS)]


def named(entry) -> str:
    return getattr(entry, "path", None) or getattr(entry, "name", None) or getattr(entry, "command", None) or "entry"


@pytest.mark.parametrize("name", PROMISED.promises.packages)
def test_package_is_installed(name):
    assert HOST.package(name).is_installed


@pytest.mark.parametrize("name", PROMISED.promises.absent_packages)
def test_package_is_absent(name):
    assert not HOST.package(name).is_installed


@pytest.mark.parametrize("entry", made("files") + made("directories"), ids=named)
def test_file_or_directory(entry):
    found = HOST.file(entry.path)
    assert found.is_directory if type(entry).__name__ == "Directory" else found.is_file and not found.is_symlink
    assert (found.user, found.group, f"{found.mode:04o}") == (entry.owner, entry.group, entry.mode)
    if entry.path in PROMISED.contents:
        assert found.content_string == PROMISED.contents[entry.path]


@pytest.mark.parametrize("entry", made("links"), ids=named)
def test_link(entry):
    assert HOST.check_output("readlink %s", entry.path) == entry.target


@pytest.mark.parametrize("entry", made("lines"), ids=named)
def test_line(entry):
    lines = HOST.file(entry.path).content_string.splitlines()
    assert [line for line in lines if line == entry.line or re.search(entry.match, line)] == [entry.line]


@pytest.mark.parametrize("path", PROMISED.promises.absent_files)
def test_file_is_absent(path):
    assert not HOST.file(path).exists


@pytest.mark.parametrize("entry", made("units"), ids=named)
def test_unit(entry):
    found = HOST.service(entry.name)
    if entry.masked:
        assert found.is_masked or not found.exists
        assert not found.is_running
    if entry.enabled is not None:
        state = HOST.run("systemctl is-enabled %s", entry.name).stdout.strip()
        assert (
            (state not in {"disabled", "masked", ""})
            if entry.enabled
            else (state not in {"enabled", "enabled-runtime"})
        )
    if entry.active is not None:
        assert found.is_running == entry.active


@pytest.mark.parametrize("entry", made("accounts"), ids=named)
def test_account(entry):
    found = HOST.user(entry.name)
    assert found.exists
    for field in ("uid", "group", "home", "shell"):
        if getattr(entry, field) is not None:
            assert getattr(found, field) == getattr(entry, field)
    assert set(entry.groups) <= set(found.groups)
    if entry.locked is not None:
        assert (found.password[:1] in "!*" and found.password != "") == entry.locked


@pytest.mark.parametrize("name", PROMISED.promises.absent_accounts)
def test_account_is_absent(name):
    assert not HOST.user(name).exists


@pytest.mark.parametrize("entry", made("groups"), ids=named)
def test_group(entry):
    found = HOST.group(entry.name)
    assert found.exists
    assert entry.gid in (None, found.gid)


@pytest.mark.parametrize("entry", made("sysctls"))
def test_sysctl(entry):
    for key, value in entry.settings.items():
        assert HOST.check_output("sysctl -n %s", key).split() == value.split(), key


@pytest.mark.parametrize("entry", [e for e in made("effective") if e.line or e.matches or e.lacks], ids=named)
def test_effective(entry):
    found = HOST.run(entry.command)
    assert found.rc == entry.status
    if entry.line:
        assert entry.line in [line.strip() for line in found.stdout.splitlines()]
    if entry.matches:
        assert re.search(entry.matches, found.stdout.strip(), re.MULTILINE)
    if entry.lacks:
        assert not re.search(entry.lacks, found.stdout.strip(), re.MULTILINE)
