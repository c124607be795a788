"""Distributions that a skip reason names in words, such as ``lxml not installed`` or ``requires numpy``.

A guess by design: ordinary words are left out, and the caller asks the index whether a name exists.
"""

from __future__ import annotations

import re

from envfactory.languages.python_rules.names import normalise

NOT_INSTALLED = re.compile(
    r"(?i)[`'\"]?([a-z][\w.-]{2,})[`'\"]? (?:is |was |package |module |library )*"
    r"(?:not (?:installed|available|found|present)|missing|required)|"
    r"(?:requires?|needs?|no|missing|without|install) [`'\"]?([a-z][\w.-]{2,})[`'\"]?"
    r"(?: (?:package|module|library))?(?:\s*$| (?:with|version) |\s*[<>=~]=?\s*v?\d)"
)
_WORDS = """
python cpython pypy windows linux macos darwin posix unix root docker network internet
internet-access test tests this that feature support module package library version platform system
locale display tty terminal the not and for with only when which network-access credentials cuda gpu
server database redis postgres file fixture data dataset implementation extension compiler
implemented it is are was be needs newer older higher lower numpydoc optional dependency
api backend driver interface functionality packages modules libraries requirements tools
dependencies binary executable command environment variable
"""
ORDINARY_WORDS = frozenset(_WORDS.split())


def distributions_named(reason: str) -> list[str]:
    """Candidates in the order of the text."""
    words = (match.group(1) or match.group(2) for match in NOT_INSTALLED.finditer(reason))
    return [word for word in words if normalise(word) not in ORDINARY_WORDS]
