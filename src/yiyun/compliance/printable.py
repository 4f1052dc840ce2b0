"""Text from hosts, manifests and people, made harmless to show."""


def printable(text: str) -> str:
    """The text without control, format and surrogate characters: it must neither steer a terminal nor reorder a page.

    Line ends stay; everything else that is not printable becomes U+FFFD.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
