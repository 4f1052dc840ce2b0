"""A value that exists but cannot be known yet: an output of a preview, an unrendered template."""

from typing import Final, final


@final
class UnknownValue:
    """Stands in a Kubernetes object where a value will be. A rule that reads it is not evaluated."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"<unknown: {self.reason}>"


UNKNOWN: Final = UnknownValue("known only after the update")
TEMPLATE: Final = UnknownValue("a template that was not rendered")
