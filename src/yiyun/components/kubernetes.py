"""Kubernetes objects as Pulumi resources: plain manifests in, `kubernetes:*` resources out.

A component's work is a plain function that returns `Item`s, so its tests need no engine; `Component` registers
them. Manifests are passed to the provider as written, field by field, in Kubernetes' own spelling.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from yiyun.components import container_images
from yiyun.site import Site
from yiyun.site import labels as names

PROVIDER_VERSION = "4.25.0"
FIELD_MANAGER = "yiyun"


@dataclass(frozen=True)
class Item:
    """One Kubernetes object that a component wants."""

    manifest: Mapping[str, Any]
    holds_data: bool = False
    """Deleting it loses data: it is protected, and kept in the cluster when it leaves the stack."""
    after: tuple[str, ...] = ()
    """Keys (see `key`) of objects of the same component that must exist before this one."""


def key(manifest: Mapping[str, Any]) -> str:
    """Name one object inside a stack: `Kind/namespace/name`, or `Kind/name` for cluster-scoped kinds."""
    metadata = manifest["metadata"]
    return "/".join(part for part in (manifest["kind"], metadata.get("namespace"), metadata["name"]) if part)


def type_token(manifest: Mapping[str, Any]) -> str:
    """Pulumi type of a manifest: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Namespace`."""
    version = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else 'core/' + version}:{manifest['kind']}"


# Kinds whose readiness a controller of the control-plane tier really brings about. All others are written and
# accepted, not awaited: nothing would ever make them ready (design decision 1).
AWAITED = frozenset({"Deployment"})
SKIP_AWAIT = "pulumi.com/skipAwait"


def finished(site: Site, stack: str, item: Item) -> dict[str, Any]:
    """The manifest as it is written: common labels, the fixed field manager, and no waiting where nobody serves."""
    manifest = dict(item.manifest)
    metadata = dict(manifest["metadata"])
    metadata["labels"] = {
        names.MANAGED_BY: "yiyun",
        names.SITE: site.name,
        names.STACK: stack,
        **metadata.get("labels", {}),
    }
    annotations = {"pulumi.com/patchFieldManager": FIELD_MANAGER, **metadata.get("annotations", {})}
    if manifest["kind"] not in AWAITED or container_images.missing(site, manifest):
        annotations[SKIP_AWAIT] = "true"
        # Deleting in the foreground waits for a garbage collector that knows the kind's dependants.
        annotations.setdefault("pulumi.com/deletionPropagationPolicy", "background")
    metadata["annotations"] = annotations
    manifest["metadata"] = metadata
    return manifest


class KubernetesObject(pulumi.CustomResource):
    """One object of the cluster."""

    def __init__(self, manifest: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(type_token(manifest), key(manifest), dict(manifest), opts)


class Component(pulumi.ComponentResource):
    """Base of all components: registers items in order, each after the ones it names in `after`."""

    def __init__(
        self,
        kind: str,
        name: str,
        site: Site,
        items: Iterable[Item],
        opts: pulumi.ResourceOptions | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        """Register `items` as children of a component of type `yiyun:<stack>:<kind>`.

        All items come after the resources `after`: other components, because Pulumi does not hand on a component's
        own `depends_on` to its children. Raises ValueError when an item comes before one that it names itself.
        """
        stack = pulumi.get_project().removeprefix("yiyun-")
        super().__init__(f"yiyun:{stack}:{kind}", name, None, opts)
        self.objects: dict[str, KubernetesObject] = {}
        for item in items:
            missing = [k for k in item.after if k not in self.objects]
            if missing:
                raise ValueError(f"{key(item.manifest)} must come after {', '.join(missing)}")
            self.objects[key(item.manifest)] = KubernetesObject(
                finished(site, stack, item),
                pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[*after, *(self.objects[k] for k in item.after)],
                    protect=item.holds_data,
                    retain_on_delete=item.holds_data,
                    version=PROVIDER_VERSION,
                ),
            )
        self.register_outputs({})
