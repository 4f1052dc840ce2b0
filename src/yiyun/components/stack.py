"""What every stack program begins with: the Site it builds, and a warning when no gate watches."""

import os
from pathlib import Path

import psutil
import pulumi

from yiyun.site import Site


def open_site() -> Site:
    """Load the Site named by `YIYUN_SITE` (a directory; `eval $(./yiyun env --site S)` sets it).

    Raises RuntimeError with the remedy when it is unset, so that a plain `pulumi up` says what to do.
    """
    path = os.environ.get("YIYUN_SITE")
    if not path:
        raise RuntimeError("YIYUN_SITE is not set: run  eval $(./yiyun env --site NAME)  first")
    if not _gated():
        pulumi.log.warn("no policy gate watches this run: add  --policy-pack policies/mlps3")
    return Site.load(Path(path))


def _gated() -> bool:
    """Whether a policy gate watches: yiyun's own up and gate judge the preview, pulumi is told by --policy-pack."""
    if "YIYUN_GATE" in os.environ:
        return True
    try:
        return any("--policy-pack" in " ".join(parent.cmdline()) for parent in psutil.Process().parents())
    except psutil.Error:
        return False
