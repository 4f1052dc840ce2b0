"""Buckets and the quota of their users."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from yiyun.site.checks.places import Places, Problem

if TYPE_CHECKING:
    from yiyun.site.loader import Site


def buckets_fit_their_user(site: "Site", at: Places) -> Iterator[Problem]:
    """Buckets of a user fit its quota, in number and each in size."""
    storage = site.spec.storage
    count = Counter(bucket.user for bucket in storage.buckets)
    users = {user.name: user for user in storage.object_users}
    for i, user in enumerate(storage.object_users):
        if count[user.name] > user.max_buckets:
            where = at.site("storage", "object_users", i, "max_buckets")
            yield Problem(where, f"object user {user.name} has {count[user.name]} buckets; raise max_buckets")
    for i, bucket in enumerate(storage.buckets):
        limit = users[bucket.user].max_size_gib
        if bucket.max_size_gib > limit:
            where = at.site("storage", "buckets", i, "max_size_gib")
            yield Problem(where, f"bucket {bucket.name}: {bucket.max_size_gib} GiB is more than its user's {limit} GiB")
