"""What the lab's hosts take from the site to become a cluster: programs and images, built here, served in the lab.

The directory has the layout that the roles expect of every source (docs/kubernetes.md):

    <version>/<arch>/{kubelet,kubeadm,...}     programs
    <version>/<arch>/images.json               images by name: archive, sha256 of the file, digest of the manifest
    <version>/<arch>/images/<name>.tar         OCI archives
    <version>/<arch>/SHA256SUMS                of programs and images.json
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yiyun import bundle, files, toolchain
from yiyun.bundle import layout
from yiyun.errors import UserError
from yiyun.lab.hosts import oci, tools
from yiyun.lab.hosts.command import run
from yiyun.lab.hosts.lab import HostLab
from yiyun.lab.hosts.oci import Image
from yiyun.site import Site
from yiyun.toolchain import builder
from yiyun.toolchain.recipe import recipe_of

Report = Callable[[str], None]
COREDNS = "v1.12.1"
PAUSE = "3.10.1"
PROBE = "1"
PROGRAMS = ("kubelet", "kubeadm", "kubectl", "etcdctl", "etcdutl")
PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
OF_A_RELEASE = (*PROGRAMS, *PARTS, "etcd", "kube-proxy")
BUILT = (*OF_A_RELEASE, "coredns", "pause", "probe")
PLACE = layout.KUBERNETES
"""Path at which the lab serves the directory."""
NOT_NEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bash-completion")


@dataclass(frozen=True)
class Release:
    """A release of Kubernetes, and the tag of the store that belongs to it."""

    version: str
    etcd: str
    recipe: str = ""
    """Which recipe's release its programs are of (build.yaml); empty: the usual ones, and those of YIYUN_BIN."""


CURRENT = Release("v1.34.1", "3.6.5-0")
NEXT = Release("v1.35.4", "3.6.6-0", "v1.35.4")
"""What a cluster of the current release can be upgraded to."""
VERSION = CURRENT.version


@dataclass(frozen=True)
class _Plan:
    """Everything that decides what comes out for one architecture."""

    release: Release
    arch: str
    programs: Mapping[str, Path]
    repository: str

    @property
    def key(self) -> str:
        """Changes with the programs, their names in images, and the code that writes images."""
        digest = hashlib.sha256()
        for path in (Path(__file__), Path(oci.__file__)):
            digest.update(path.read_bytes())
        digest.update(repr((self.arch, self.repository, self.release)).encode())
        for name in BUILT:
            status = self.programs[name].stat()
            digest.update(f"{name} {self.programs[name]} {status.st_size} {status.st_mtime_ns}".encode())
        return digest.hexdigest()[:12]


def repository_of(site: Site) -> str:
    """Where the images of a site's cluster are, in its registry."""
    return f"{site.spec.registry}/kubernetes"


def serve(site: Site, report: Report, release: Release = CURRENT) -> str:
    """Serve the directory to the lab's hosts, of the bundle or made here; return its address there.

    A bundle is served whole, whichever releases it has; what is made here is served beside other releases.

    The host lab must be up. Raises UserError where a program cannot be built, and where the bundle is damaged.
    """
    lab = HostLab(site)
    if not lab.served.is_dir():
        raise UserError(f"the hosts of {site.name} are not up: run  ./yiyun lab hosts up --site {site.name}")
    given = bundle.opened()
    if given:
        files.link(given.part(layout.KUBERNETES), lab.served / PLACE)
    else:
        arch = tools.native_arch()
        made = ensure(site, arch, report, release)
        if (lab.served / PLACE).is_symlink():
            (lab.served / PLACE).unlink()
        files.link(made, lab.served / PLACE / release.version / arch)
    return f"http://{lab.network.bridge_address}/{PLACE}"


def ensure(site: Site, arch: str, report: Report, release: Release = CURRENT) -> Path:
    """Directory of programs and images for one architecture, made once per machine and content.

    Nothing of that architecture is run. Raises UserError where a program cannot be built.
    """
    return _ensure(_Plan(release, arch, _programs(arch, report, release), repository_of(site)), report)


def _programs(arch: str, report: Report, release: Release) -> dict[str, Path]:
    """The pinned builds (or those of YIYUN_BIN): one on PATH may be of another release, or need libraries."""
    found = {}
    for name in BUILT:
        recipe = release.recipe if name in OF_A_RELEASE else ""
        there = toolchain.locate(name) if arch == tools.native_arch() and not recipe else None
        if there is not None and there.source != "PATH":
            found[name] = there.path
        else:
            found[name] = builder.build(recipe_of(name, recipe).built_for(arch), report) / name
    return found


def _ensure(plan: _Plan, report: Report) -> Path:
    version = plan.release.version
    directory = tools.cache() / PLACE / f"{version}-{plan.arch}-{plan.key}"
    if directory.is_dir():
        return directory
    report(f"images of Kubernetes {version} for {plan.arch}: writing them (once)")
    with files.whole_directory(directory) as scratch:
        for name in PROGRAMS:
            _link_or_copy(plan.programs[name], scratch / name)
        (scratch / "images").mkdir()
        listed = {}
        with tempfile.TemporaryDirectory(dir=directory.parent) as root:
            for image in _images(plan, Path(root)):
                file = f"images/{image.name.rpartition('/')[2].replace(':', '_')}.tar"
                digest = oci.write(image, scratch / file)
                listed[image.name] = {"file": file, "sha256": _sha256(scratch / file), "digest": digest}
        (scratch / "images.json").write_text(json.dumps(listed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        sums = "".join(f"{_sha256(scratch / name)}  {name}\n" for name in (*PROGRAMS, "images.json"))
        (scratch / "SHA256SUMS").write_text(sums, encoding="utf-8")
    return directory


def _images(plan: _Plan, scratch: Path) -> list[Image]:
    """Images of a cluster, under the names that kubeadm and the roles ask for."""

    def named(name: str, tag: str) -> str:
        return f"{plan.repository}/{name}:{tag}"

    def alone(name: str, tag: str, place: str, *arguments: str, entry: bool = False, user: str = "") -> Image:
        entrypoint = (place,) if entry else ()
        files = {place: plan.programs[name]}
        return Image(named(name, tag), plan.arch, files, None, ("/tmp",), entrypoint, user, arguments)  # noqa: S108

    version = plan.release.version
    proxy = {"/usr/local/bin/kube-proxy": plan.programs["kube-proxy"]}
    return [
        *(alone(name, version, f"/usr/local/bin/{name}") for name in PARTS),
        alone("etcd", plan.release.etcd, "/usr/local/bin/etcd"),
        alone("coredns", COREDNS, "/coredns", entry=True),
        alone("pause", PAUSE, "/pause", entry=True, user="65535:65535"),
        alone("probe", PROBE, "/probe", "serve", ":8080", entry=True, user="65532:65532"),
        Image(named("kube-proxy", version), plan.arch, proxy, _nft_root(plan.arch, scratch), ("/tmp", "/run")),  # noqa: S108
    ]


def _nft_root(arch: str, scratch: Path) -> Path:
    """The nft program, which kube-proxy calls, and what it needs, as Debian ships it.

    netbase has /etc/protocols: without it nft prints protocols as numbers, kube-proxy does not recognize the elements of
    its own maps when it starts again, and deletes Services that are there.
    """
    status = scratch / "status"
    status.touch()
    root = scratch / "root"
    for package in tools.apt().download(["nftables", "netbase"], status, arch):
        run(["dpkg-deb", "--extract", str(package), str(root)])
    for name in NOT_NEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
    return root


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
