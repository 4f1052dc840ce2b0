"""Quantities as Kubernetes itself spells them: `2Gi`, not `2048Mi`.

The API server rewrites quantities of its own kinds; what is written in its spelling never shows up as a difference.
"""

UNITS = ("Mi", "Gi", "Ti", "Pi")


def mib(count: int) -> str:
    """A size of `count` MiB (2^20 bytes)."""
    unit = 0
    while count and count % 1024 == 0 and unit < len(UNITS) - 1:
        count, unit = count // 1024, unit + 1
    return f"{count}{UNITS[unit]}"


def gib(count: int) -> str:
    """A size of `count` GiB (2^30 bytes)."""
    return mib(count * 1024)


def millicores(count: int) -> str:
    """`count` thousandths of a CPU."""
    return f"{count}m" if count % 1000 else str(count // 1000)
