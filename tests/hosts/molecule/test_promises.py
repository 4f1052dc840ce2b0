"""What roles promise, looked at with testinfra: another pair of eyes than yiyun's own collector and judge.

Molecule runs this after the role (`molecule verify` in roles/<role>, see .config/molecule/config.yml); test_hardening runs
it for several roles at once (`YIYUN_VERIFY_ROLES`).
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra

from yiyun.evidence.hosts import capabilities
from yiyun.evidence.hosts.given import host_variable, site_variable
from yiyun.evidence.hosts.roles import Role
from yiyun.operations.hosts import access
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory, os_profile

ROLES = (os.environ.get("YIYUN_VERIFY_ROLES") or Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]).name).split()
SITE = Site.load(os.environ["YIYUN_SITE"])
NAME = os.environ.get("MOLECULE_HOST") or "lab-az1-02"
SSH_CONFIG = access.config_file(SITE)
SOCKETS = Path(tempfile.mkdtemp(prefix="yt-"))  # one connection for all checks
HOST = testinfra.get_host(f"ssh://{NAME}?ssh_config={SSH_CONFIG}&sudo=true&controlpath={SOCKETS}/s&timeout=60")
MARK = HOST.file("/run/systemd/container")
LACKS = capabilities.lacking(MARK.content_string if MARK.exists else "")


@pytest.fixture(scope="session", autouse=True)
def connection() -> Iterator[None]:
    """End the shared connection after the last check."""
    yield
    leave = ["ssh", "-F", str(SSH_CONFIG), "-o", f"ControlPath={SOCKETS}/s", "-O", "exit", NAME]
    subprocess.run(leave, capture_output=True, check=False)
    shutil.rmtree(SOCKETS, ignore_errors=True)


def package(name):
    assert HOST.package(name).is_installed


def no_package(name):
    assert not HOST.package(name).is_installed


def owned(found, entry):
    assert (found.user, found.group, f"{found.mode:04o}") == (entry.owner, entry.group, entry.mode)


def directory(entry):
    found = HOST.file(entry.path)
    assert found.is_directory
    owned(found, entry)


def file(entry, content):
    found = HOST.file(entry.path)
    assert found.is_file
    assert not found.is_symlink
    owned(found, entry)
    if content is not None:
        assert found.content_string == content


def no_file(path):
    assert not HOST.file(path).exists


def link(entry):
    assert HOST.check_output("readlink %s", entry.path) == entry.target


def line(entry):
    lines = HOST.file(entry.path).content_string.splitlines()
    assert [found for found in lines if found == entry.line or re.search(entry.match, found)] == [entry.line]


def unit(entry):
    found = HOST.service(entry.name)
    if entry.masked:
        assert found.is_masked or not found.exists
        assert not found.is_running
    if entry.enabled is not None:
        state = HOST.run("systemctl is-enabled %s", entry.name).stdout.strip()
        assert state not in (
            {"disabled", "masked", "not-found", ""} if entry.enabled else {"enabled", "enabled-runtime"}
        )
    if entry.active is not None:
        assert found.is_running == entry.active


def account(entry):
    found = HOST.user(entry.name)
    assert found.exists
    for field in ("uid", "group", "home", "shell"):
        if getattr(entry, field) is not None:
            assert getattr(found, field) == getattr(entry, field)
    assert set(entry.groups) <= set(found.groups)
    if entry.locked is not None:
        assert (found.password[:1] in "!*" and found.password != "") == entry.locked


def no_account(name):
    assert not HOST.user(name).exists


def group(entry):
    found = HOST.group(entry.name)
    assert found.exists
    assert entry.gid in (None, found.gid)


def sysctls(entry):
    for key, value in entry.settings.items():
        assert HOST.check_output("sysctl -n %s", key).split() == value.split(), key


def effective(entry):
    found = HOST.run(entry.command)
    assert found.rc == entry.status, found.stderr
    text = found.stdout.strip()
    if entry.line is not None:
        assert entry.line.strip() in [each.strip() for each in text.splitlines()]
    if entry.matches is not None:
        assert re.search(entry.matches, text, re.MULTILINE)
    if entry.lacks is not None:
        assert not re.search(entry.lacks, text, re.MULTILINE)
    if entry.key is not None:
        said = re.search(rf"^\s*{re.escape(entry.key)}(?:\s*[=:]\s*|\s+)(.*)$", text, re.MULTILINE | re.IGNORECASE)
        assert said, f"says nothing about {entry.key}"
        text = said[1].strip()
    if entry.equals is not None:
        assert text == entry.equals.strip()
    if entry.at_least is not None:
        assert float(text) >= entry.at_least
    if entry.at_most is not None:
        assert float(text) <= entry.at_most


def promised(name: str):
    """What the role of this name promises to the host."""
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
    return Role(CHECKOUT / "roles" / name).promised_to(listed.hosts[NAME].variables, given)


def checks(role: str) -> Iterator[tuple[str, Callable[..., None], tuple]]:
    """What to look at, with what: every promise of a role that is made to this host and can be shown on it."""
    made = promised(role)
    promises = made.promises
    for check, names in (
        (package, promises.packages),
        (no_package, promises.absent_packages),
        (no_file, promises.absent_files),
        (no_account, promises.absent_accounts),
    ):
        yield from ((f"{role}-{check.__name__}-{name}", check, (name,)) for name in names)
    for check, entries in (
        (group, promises.groups),
        (account, promises.accounts),
        (directory, promises.directories),
        (file, promises.files),
        (link, promises.links),
        (line, promises.lines),
        (sysctls, promises.sysctls),
        (unit, promises.units),
        (effective, promises.effective),
    ):
        for entry in entries:
            if entry.when and entry.needs not in LACKS:
                name = next(
                    (found for part in ("path", "name", "command") if (found := getattr(entry, part, None))), ""
                )
                content = (made.contents.get(entry.path),) if check is file else ()
                yield f"{role}-{check.__name__}-{name}", check, (entry, *content)


CHECKS = [found for role in ROLES for found in checks(role)]


@pytest.mark.parametrize(("check", "arguments"), [found[1:] for found in CHECKS], ids=[found[0] for found in CHECKS])
def test_promise(check, arguments):
    check(*arguments)
