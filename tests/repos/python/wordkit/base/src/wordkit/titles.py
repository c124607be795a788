"""Capitalising headlines."""

SMALL = {"a", "an", "and", "of", "or", "the", "to"}


def title(text):
    """Every word capitalised but the small ones."""
    return " ".join(word if word in SMALL else word.capitalize() for word in text.lower().split())
