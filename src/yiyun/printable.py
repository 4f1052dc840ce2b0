"""Text from hosts, manifests and people, made harmless to show."""


def printable(text: str) -> str:
    """The text without control, format and surrogate characters: it must neither steer a terminal nor reorder a page.

    Line ends stay; everything else that is not printable becomes U+FFFD.
    """
    return "\n".join(line if line.isprintable() else _cleaned(line) for line in text.split("\n"))


def _cleaned(line: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in line)
