"""Where things lie in a bundle. All paths are relative to its top, with slashes; a mirror serves them as they are."""

from yiyun.signing.seal import Seal

SEAL = Seal("bundle", "YIYUN_BUNDLE_KEY", "bundle.json", "bundle.pub")
"""Its manifest, the signature beside it, and the signer's public key; the manifest lists all other files."""

BINARIES = "bin"
CRDS = "crds"
KUBERNETES = "kubernetes"
PACKAGES = "packages"
PYTHON = "python"
WHEELS = "wheels"
TOP = (BINARIES, CRDS, KUBERNETES, PACKAGES, PYTHON, WHEELS)
"""Every directory at the top."""

ARCHES = ("amd64", "arm64")


def binaries(arch: str) -> str:
    """Programs of the control machine: pulumi, kubectl, the embedded control plane."""
    return f"{BINARIES}/{arch}"


def kubernetes(version: str, arch: str) -> str:
    """Programs and images of a cluster's hosts, laid out as docs/kubernetes.md says."""
    return f"{KUBERNETES}/{version}/{arch}"


def added_images(arch: str) -> str:
    """OCI archives that people put in: images that nobody can build here."""
    return f"{KUBERNETES}/images/{arch}"


def packages(os_profile: str) -> str:
    """A package repository for all architectures: flat for Debian and its kin, with repodata/ for RPM systems."""
    return f"{PACKAGES}/{os_profile}"


def python(os_profile: str, arch: str) -> str:
    """Packages that `./yiyun hosts adopt` brings to hosts without Python or sudo."""
    return f"{PYTHON}/{os_profile}/{arch}"
