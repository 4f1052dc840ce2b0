"""Custom resource definitions: the lock, where their content comes from, and how they get into an API server."""

from yiyun.crds import seed
from yiyun.crds.form import UNCHECKED, canonical, digest, open_schema, to_bytes
from yiyun.crds.locking import lock
from yiyun.crds.model import Kind, Lock, Project, read
from yiyun.crds.register import Registered, register, unchecked_names, wait_changed, wait_served
from yiyun.crds.sources import Found, Sources, bundle_dir, crd_cache

__all__ = [
    "UNCHECKED",
    "Found",
    "Kind",
    "Lock",
    "Project",
    "Registered",
    "Sources",
    "bundle_dir",
    "canonical",
    "crd_cache",
    "digest",
    "lock",
    "open_schema",
    "read",
    "register",
    "seed",
    "to_bytes",
    "unchecked_names",
    "wait_changed",
    "wait_served",
]
