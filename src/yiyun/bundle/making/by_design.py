"""What `bundle create` never brings, by name, as long as nobody has put it in: systems and images that are others' to ship."""

from collections.abc import Collection, Iterator, Sequence

from yiyun.bundle import layout
from yiyun.bundle.making.pieces import Piece, Wish
from yiyun.bundle.manifest import Arch, Missing
from yiyun.crds import model
from yiyun.lab.hosts import repository
from yiyun.lab.hosts.presentation import OS_PROFILE
from yiyun.site import os_profile

OTHER_SYSTEM = "yiyun fetches packages of Debian 12 only: take them from the vendor's repository"
UPSTREAM = "yiyun builds no operators: take the images that this release names"


def missing(wish: Wish, pieces: Sequence[Piece]) -> list[Missing]:
    """Packages for the site's other systems, and images of what runs in its cluster."""
    there = {(piece.kind, piece.name, piece.os_profile) for piece in pieces}
    found: list[Missing] = []
    for name in sorted({host.os_profile for host in wish.site.hosts} - {OS_PROFILE}):
        arches = sorted({host.arch for host in wish.site.hosts if host.os_profile == name} & set(wish.arches))
        found += _packages(wish, name, there)
        found += _python(name, arches, pieces)
    images = {(piece.name, piece.arch) for piece in pieces if piece.kind == "image"}
    return found + list(_images(wish, images))


def _packages(wish: Wish, name: str, there: Collection[tuple[str, str, str | None]]) -> Iterator[Missing]:
    profile = os_profile.of_name(name)
    if profile is None:
        return
    for package in repository.wanted(wish.site, profile, lambda _text: None):
        if ("package", package, name) not in there:
            yield Missing(
                kind="package",
                name=package,
                os_profile=name,
                by_design=True,
                why=OTHER_SYSTEM,
                place=layout.packages(name),
            )


def _python(name: str, arches: Sequence[Arch], pieces: Sequence[Piece]) -> Iterator[Missing]:
    for arch in arches:
        place = layout.python(name, arch)
        if not any(piece.path.startswith(f"{place}/") for piece in pieces):
            yield Missing(
                kind="python",
                name="Python 3.8 or newer, and sudo",
                arch=arch,
                os_profile=name,
                by_design=True,
                why=f"{OTHER_SYSTEM}; only hosts that lack either of them need it",
                place=place,
            )


def _images(wish: Wish, there: Collection[tuple[str, Arch | None]]) -> Iterator[Missing]:
    for arch in wish.arches:
        place = layout.added_images(arch)
        for project in model.read().projects:
            name = f"{project.name} {project.version}"
            yield Missing(kind="image", name=name, arch=arch, by_design=True, why=UPSTREAM, place=place)
        for name in _named(wish):
            if (name, arch) not in there:
                yield Missing(kind="image", name=name, arch=arch, by_design=True, why="site.yaml names it", place=place)


def _named(wish: Wish) -> list[str]:
    """Images that site.yaml names itself."""
    spec = wish.site.spec
    return sorted({spec.storage.ceph_image, *(application.image for application in spec.compute.applications)})
