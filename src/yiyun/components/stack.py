"""What every stack program begins with: the Site it builds, and a warning when no gate watches."""

import os
from pathlib import Path

import pulumi

from yiyun.site import Site


def open_site() -> Site:
    """Load the Site named by `YIYUN_SITE` (a directory; `eval $(./yiyun env --site S)` sets it).

    Raises RuntimeError with the remedy when it is unset, so that a plain `pulumi up` says what to do.
    """
    path = os.environ.get("YIYUN_SITE")
    if not path:
        raise RuntimeError("YIYUN_SITE is not set: run  eval $(./yiyun env --site NAME)  first")
    if "YIYUN_GATE" not in os.environ:
        pulumi.log.warn("no policy gate watches this run: add  --policy-pack policies/mlps3")
    return Site.load(Path(path))
