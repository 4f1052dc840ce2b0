"""Images of virtual machines: where the content of a system disk comes from.

CDI downloads the image over HTTPS and checks it against the SHA-256 of site.yaml before it becomes a disk (clause
8.1.4.6, trusted content). A claim can only be filled from its own namespace, so each tenant gets the images it uses.
"""

from typing import Any

from yiyun.components.kubernetes import Item, key
from yiyun.components.secret_refs import SITE_CA
from yiyun.site import Site
from yiyun.site import labels as names
from yiyun.site.model import Image


def image_key(namespace: str, image_name: str) -> str:
    """Key of an image's import source."""
    return key({"kind": "VolumeImportSource", "metadata": {"namespace": namespace, "name": image_name}})


def import_source(namespace: str, image: Image) -> dict[str, Any]:
    """The VolumeImportSource of an image, in one tenant's namespace."""
    return {
        "apiVersion": "cdi.kubevirt.io/v1beta1",
        "kind": "VolumeImportSource",
        "metadata": {
            "name": image.name,
            "namespace": namespace,
            "labels": {names.TENANT: namespace, names.ARCH: image.arch},
        },
        "spec": {
            "contentType": "kubevirt",
            "source": {
                "http": {"url": image.url, "checksum": f"sha256:{image.sha256}", "certConfigMap": SITE_CA},
            },
        },
    }


def image_items(site: Site, namespace: str) -> list[Item]:
    """The images that the machines of one tenant use."""
    used = {vm.image for vm in site.spec.compute.vms if site.vpc_of_subnet(vm.subnet).tenant == namespace}
    return [Item(import_source(namespace, image)) for image in site.spec.compute.images if image.name in used]
