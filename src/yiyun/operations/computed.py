"""Values of a preview that only the update will know."""

from collections.abc import Mapping
from typing import Any

from yiyun.evidence.unknown import UNKNOWN

COMPUTED = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What pulumi writes for a value that only the update will know (its SDK's constants)."""


def known(value: Any) -> Any:
    """A value of a preview, with UNKNOWN wherever only the update will know it."""
    if isinstance(value, str):
        return UNKNOWN if value in COMPUTED else value
    if isinstance(value, Mapping):
        return {name: known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [known(item) for item in value]
    return value
