"""Which names an import error says are missing, and whether a text for solvers tells them.

Pure; knows the words of the languages' import errors, nothing of reports or tasks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MISSING = (
    re.compile(r"cannot import name ['\"]?([\w.]+)"),
    re.compile(r"[Nn]o module named ['\"]?([\w.]+)"),
    re.compile(r"has no attribute ['\"](\w+)"),
    re.compile(r"name ['\"](\w+)['\"] is not defined"),
)
"""Messages of CPython 3.6 to 3.14."""


def missing_names(messages: Iterable[str]) -> frozenset[str]:
    """Last component of every name that the messages say is missing."""
    found = (pattern.search(message) for message in messages for pattern in _MISSING)
    return frozenset(match[1].rstrip(".").rpartition(".")[2] for match in found if match)


def told(names: Iterable[str], *texts: str) -> bool:
    """Whether there are names and each stands as a word in one of the texts."""
    wanted = list(names)
    whole = "\n".join(texts)
    return bool(wanted) and all(re.search(rf"\b{re.escape(name)}\b", whole) for name in wanted)
