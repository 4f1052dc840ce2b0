"""`python -m yiyun.lab.crds`: write `crds.lock` anew from the bundle."""

import sys

from yiyun.errors import UserError
from yiyun.lab.crds import lock


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


try:
    lock(report=_say)
except UserError as error:
    sys.exit(f"yiyun: {error}")
