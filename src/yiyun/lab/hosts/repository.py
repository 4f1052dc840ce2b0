"""Packages for hosts that cannot reach anything: a flat apt repository, served inside the lab's network.

It holds what the roles promise, a few tools, and all that these need beyond the base roots, for both architectures.
The same packages, cut down to Python and sudo, are the bundle that `./yiyun hosts adopt` uploads.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from http.client import HTTPConnection
from pathlib import Path

from yiyun.bundle import layout
from yiyun.errors import UserError
from yiyun.evidence.hosts import given, roles
from yiyun.files import link, whole_directory
from yiyun.lab.hosts import network, presentation, roots, tools
from yiyun.lab.hosts.command import run
from yiyun.lab.hosts.network import LabNetwork
from yiyun.paths import CHECKOUT
from yiyun.site import Site, inventory, os_profile
from yiyun.site.os_profile import OsProfile

Report = Callable[[str], None]
PYTHON = ("python3", "sudo")
"""What `adopt` brings."""
TOOLS = ("lynis", "openscap-scanner", "ssg-debian")
"""For assessing a host by others' rules."""
PLACE = layout.packages(presentation.OS_PROFILE)
"""Path at which the lab serves the repository: that of a bundle."""
PORT = 80
START_SECONDS = 20.0


def url(lab_network: LabNetwork) -> str:
    """Address of the repository: the value of `yiyun_package_repository` on a lab. One for both architectures."""
    return f"http://{lab_network.bridge_address}/{PLACE}"


def base_profile() -> OsProfile:
    """The operating system of the base root of the machine's own architecture, which must have been made."""
    release = roots.path(tools.native_arch()) / "usr/lib/os-release"
    return os_profile.identify(release.read_text(encoding="utf-8"))


def wanted(site: Site, profile: OsProfile, report: Report) -> list[str]:
    """Names of all packages that the checkout's roles promise to any host of a site, and our own few."""
    found = {*PYTHON, *TOOLS}
    listed = inventory.read(site.path / "hosts.yaml")
    one_of_each = {host.roles: host for host in site.hosts}.values()
    os_variable = profile.model_dump(mode="json")
    directory = CHECKOUT / "roles"
    for role in roles.load(directory).values() if directory.is_dir() else ():
        if f"{role.name}_promises" not in role.constants:
            continue
        for host in one_of_each:
            known = {
                "yiyun_os": os_variable,
                "yiyun_host": given.host_variable(host),
                "yiyun_site": given.site_variable(site),
                "yiyun_lacks": [],
                "inventory_hostname": host.name,
            }
            try:
                found |= set(role.promised_to(listed.hosts[host.name].variables, known).promises.packages)
            except UserError as error:
                report(f"packages of role {role.name} are not in the repository: {str(error).splitlines()[0]}")
                break
    return sorted(found)


def ensure(packages: Sequence[str], arches: Iterable[str], report: Report) -> Path:
    """Make the repository of `packages` over the base roots of `arches`, unless the cache has it; return its directory.

    Package names that Debian 12 does not have are named and left out.
    """
    keys = sorted(roots.key(arch) for arch in arches)
    content = repr((list(packages), keys))
    directory = tools.cache() / "repository" / hashlib.sha256(content.encode()).hexdigest()[:12]
    if directory.is_dir():
        return directory
    report(f"packages: fetching {len(packages)} and what they need, for {', '.join(sorted(arches))} (once)")
    with whole_directory(directory) as scratch:
        files: dict[str, Path] = {}
        for arch in sorted(arches):
            files |= {path.name: path for path in _closure(packages, arch, report)}
        stanzas = []
        for name, path in sorted(files.items()):
            os.link(path, scratch / name)
            stanzas.append(stanza(path))
        (scratch / "Packages").write_text("\n".join(stanzas), encoding="utf-8")
    report(f"packages: {len(files)} in the repository")
    return directory


def python_bundle(arch: str) -> Path:
    """Directory of the packages that bring Python and sudo to a bare host of `arch`, made or not."""
    return tools.cache() / "python" / hashlib.sha256(repr((PYTHON, roots.key(arch))).encode()).hexdigest()[:12]


def ensure_python_bundle(arch: str, report: Report) -> Path:
    """Make that directory unless the cache has it."""
    directory = python_bundle(arch)
    if directory.is_dir():
        return directory
    report(f"Python bundle {arch}: fetching {' and '.join(PYTHON)} and what they need (once)")
    with whole_directory(directory) as scratch:
        for path in _closure(PYTHON, arch, report):
            os.link(path, scratch / path.name)
    return directory


def serve(lab_network: LabNetwork, directory: Path, place: Path) -> None:
    """Serve `directory` inside the lab's network; what is served already is served on. `place` holds the way to it.

    The server ends with the lab: it is the only process in the bridge's namespace.
    """
    link(directory, place / PLACE)
    if _is_served(lab_network):
        return
    command = [sys.executable, "-m", "http.server", str(PORT)]
    command += ["--bind", str(lab_network.bridge_address), "--directory", str(place)]
    with (place.parent / "repository.log").open("wb") as log:
        subprocess.Popen(
            ["nsenter", f"--net={network.NETNS / lab_network.namespace}", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + START_SECONDS
    while not _is_served(lab_network):
        if time.monotonic() > deadline:
            tail = (place.parent / "repository.log").read_text(encoding="utf-8", errors="replace")[-1000:]
            raise UserError(f"the lab's package repository does not start: {' '.join(command)}\n{tail}")
        time.sleep(0.05)


def _is_served(lab_network: LabNetwork) -> bool:
    def ask() -> int:
        connection = HTTPConnection(str(lab_network.bridge_address), PORT, timeout=5)
        try:
            connection.request("HEAD", f"/{PLACE}/Packages")
            return connection.getresponse().status
        finally:
            connection.close()

    try:
        return network.inside(lab_network.namespace, ask) == 200  # OK
    except OSError:
        return False


def unknown(packages: Sequence[str], arch: str) -> list[str]:
    """Those of `packages` that Debian 12 does not have for an architecture."""
    return sorted(set(packages) - tools.apt().known(packages, arch))


def closure(packages: Sequence[str], arch: str, status: Path) -> list[Path]:
    """The .deb files of `packages`, which all exist, and of all that they need beyond what a dpkg status file lists."""
    apt = tools.apt()
    try:
        return apt.download(packages, status, arch)
    except UserError:  # two of them conflict: no host gets both
        found: dict[str, Path] = {}
        for name in packages:
            found |= {path.name: path for path in apt.download([name], status, arch)}
        return list(found.values())


def _closure(packages: Sequence[str], arch: str, report: Report) -> list[Path]:
    """The same beyond the base root; what does not exist is named and left out."""
    absent = unknown(packages, arch)
    for name in absent:
        report(f"packages: Debian 12 has no {name} for {arch}; it is left out")
    status = roots.path(arch) / "var/lib/dpkg/status"
    return closure([name for name in packages if name not in absent], arch, status)


def stanza(path: Path) -> str:
    """The entry of one package in the index: its own control fields, then where it lies."""
    fields = run(["dpkg-deb", "--field", str(path)]).rstrip("\n")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return f"{fields}\nFilename: ./{path.name}\nSize: {len(data)}\nSHA256: {digest}\n"
