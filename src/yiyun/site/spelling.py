"""Suggestions for misspelled names."""

import difflib
from collections.abc import Iterable


def meant(word: object, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)` for the known name nearest to `word`, or nothing when none is near."""
    near = difflib.get_close_matches(str(word)[:80], list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
