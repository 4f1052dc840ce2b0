"""How the site is operated: where Pulumi keeps its state."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site

SHARED_BACKENDS = ("s3://", "postgres://", "azblob://", "gs://", "https://")


def backends_are_shared(site: "Site", at: Places) -> Iterator[Problem]:
    """A site that is not a lab keeps Pulumi's state in a shared backend with a lock."""
    backend, lab = site.spec.backend, site.spec.lab
    remedy = "write s3://BUCKET?endpoint=... or postgres://HOST/DATABASE"
    if backend is None and not lab:
        yield Problem(at.site("lab"), f"a site that is not a lab needs a shared backend; {remedy}, or lab: true")
    elif backend is not None and not backend.startswith(SHARED_BACKENDS):
        yield Problem(at.site("backend"), f"backend {backend[:40]!r} is not shared; {remedy}")
