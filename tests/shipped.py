"""The sites that yiyun ships, loaded once, and what components make of them."""

from functools import cache

from yiyun.components.kubernetes import key
from yiyun.paths import CHECKOUT
from yiyun.site import Site

SITES = ("lab", "hospital")


@cache
def site(name: str) -> Site:
    """A shipped site by its name."""
    return Site.load(CHECKOUT / "inventories" / name)


def changed(model, **fields):
    """A copy of any part of a site with other fields."""
    return model.model_copy(update=fields)


def by_key(items):
    """Manifests of items by their keys; fails on two of one key."""
    items = list(items)
    found = {key(item.manifest): item.manifest for item in items}
    assert len(found) == len(items)
    return found


def item_of(items, wanted):
    """The item whose key is `wanted`."""
    return next(item for item in items if key(item.manifest) == wanted)
