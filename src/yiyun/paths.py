"""Where things lie: the checkout, the cache shared by all checkouts, the state of one site."""

import hashlib
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""Root of this checkout: stacks/, policies/, inventories/ and toolchain/ lie here."""


def cache_dir() -> Path:
    """Cache of built tools and downloaded CRDs: `$XDG_CACHE_HOME/yiyun`. Deleting it loses time only."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yiyun"


def state_home() -> Path:
    """State of this machine's yiyun: `$XDG_STATE_HOME/yiyun`. The directories of sites lie in it."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "yiyun"


def state_dir(site_dir: Path, site_name: str) -> Path:
    """State of one site as seen from one checkout: `$XDG_STATE_HOME/yiyun/<site>-<8 hex>`.

    The hex digits come from the real path of the checkout, or of the site's directory where it lies outside
    the checkout: two checkouts, and two sites of one name, never share a state.
    """
    real = site_dir.resolve()
    anchor = str(CHECKOUT) if real.is_relative_to(CHECKOUT) else f"{CHECKOUT}\0{real}"
    return state_home() / f"{site_name}-{hashlib.sha256(anchor.encode()).hexdigest()[:8]}"
