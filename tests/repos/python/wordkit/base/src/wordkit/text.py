"""Shaping of single strings."""

import re


def slugify(text):
    """The words of ``text`` in lower case, joined by hyphens."""
    return re.sub(r"[^a-z0-9]", "-", text.lower()).strip("-")


def wrap(text, width):
    """Lines of at most ``width`` characters, broken at spaces; a longer word stands alone."""
    lines = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    return lines
