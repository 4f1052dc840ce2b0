"""What a host's board measures, as rules see it."""

from yiyun.compliance.facts import Unevaluated
from yiyun.compliance.host import Facts, Host


def sensors(host: Host, kind: str) -> tuple[Facts, list[Facts]]:
    """The board, and its sensors of one kind (`inlets`, `supplies`). Raises Unevaluated where nobody asks them."""
    board = host.facts("board")
    if not board.there(kind):
        raise Unevaluated("ipmitool is not installed; nobody asks the board what it measures")
    return board, board.items(kind)
