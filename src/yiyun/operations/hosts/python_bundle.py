"""Where the packages lie that bring Python and sudo to a host which has neither, without any network on the host.

A bundle has them at `python/<os profile>/<architecture>/`, as .deb or .rpm files with everything that they need beyond a
minimal installation of that OS. The host lab makes its own for Debian 12.
"""

import os
import tarfile
import tempfile
from pathlib import Path

from yiyun import bundle
from yiyun.bundle import layout
from yiyun.bundle.reading import unsigned
from yiyun.errors import UserError
from yiyun.lab.hosts import HostLab
from yiyun.lab.hosts.presentation import OS_PROFILE
from yiyun.site import Site


def find(site: Site, os_profile: str, arch: str) -> Path | None:
    """Directory of the packages for one OS and architecture; None where nobody has them.

    `$YIYUN_BUNDLE` decides where it is set; else a lab uses its own. Raises UserError when the bundle is damaged, or
    was never signed: these packages are installed as root.
    """
    place = layout.python(os_profile, arch)
    given = bundle.opened()
    if given:
        return given.part(place) if given.under(place) else None
    if os.environ.get(bundle.VARIABLE):
        directory = unsigned()
        if directory is not None and (directory / place).is_dir():
            raise UserError(
                f"{directory}: has packages in {place} and no signed bundle.json: run  ./yiyun bundle create {directory}"
            )
        return None
    if site.spec.lab and os_profile == OS_PROFILE:
        directory = HostLab(site).python_bundle(arch)
        return directory if directory.is_dir() else None
    return None


def expected(os_profile: str, arch: str) -> str:
    """Where the packages were looked for, for people."""
    return f"${bundle.VARIABLE}/{layout.python(os_profile, arch)}/"


def pack(directory: Path) -> Path:
    """Put the packages into one tar, so that they are one upload; return a path that this process alone can open.

    The file has no name: it is gone with this process, however that ends.
    """
    descriptor, name = tempfile.mkstemp(prefix="yiyun-python-", suffix=".tar")
    Path(name).unlink()
    with os.fdopen(descriptor, "wb", closefd=False) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for path in sorted(directory.iterdir()):
            if path.suffix in {".deb", ".rpm"}:
                tar.add(path, arcname=path.name)
    return Path(f"/proc/self/fd/{descriptor}")
