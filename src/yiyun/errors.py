"""Errors that a user can cause. The CLI prints their text and exits with 2; nobody sees a traceback."""


class UserError(Exception):
    """Bad input or an environment that cannot do what was asked.

    The text names what is wrong, where (file, line, field) and what to write or do instead.
    """


class SiteError(UserError):
    """An inventory or site.yaml was refused. The text begins with `file:line`; further lines are further problems."""

    def __init__(self, text: str, rule: str | None = None) -> None:
        """Keep `rule`, the id of the compliance rule that this refusal stands for, None where none does."""
        super().__init__(text)
        self.rule = rule
