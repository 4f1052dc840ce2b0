"""`python -m yiyun.crds`: write `crds.lock` anew from the bundle."""

import sys

from yiyun.crds import lock
from yiyun.errors import UserError


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


try:
    lock(report=_say)
except UserError as error:
    sys.exit(f"yiyun: {error}")
