"""Says why a rewritten problem statement may not stand in the place of the one it was made from.

A model that rewrites has seen neither patch, but it may remember the project, make things up, or do what
the text it reads tells it to.  So what it adds must be prose: names, code and addresses are those of the
original.  This module judges text; who wrote it is the business of ``statement_model``.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from envfactory.mining.leaks import Leaks, squeezed
from envfactory.mining.prose import words
from envfactory.mining.quality import is_foreign, new_tokens, signals_of, tokens
from envfactory.mining.unsaid import unsaid_texts
from envfactory.records import Candidate

LONGER = 2
"""Times the original, and a paragraph: what is longer says what nobody said."""
_A_PARAGRAPH = 400
_LEAST = 2
"""Words, as for any statement."""
_KEPT = ("error", "code")
"""Signals that are somebody's observation; "should" and "instead" may be put in other words."""

_FENCED = re.compile(r"^\s*(?:```|~~~)[^\n]*\n(.*?)(?:^\s*(?:```|~~~)\s*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n\s*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
_INDENTED = re.compile(r"^(?: {4}|\t)(?!\s*(?:[-*+]|\d+[.)]) )(.*\S)", re.MULTILINE)
_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s<>\"'`)\]]+|\bwww\.[^\s<>\"'`)\]]+|\bmailto:\S+", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\(?=[^\w\s]|_)")
_NAME = re.compile(r"_|\d|.[A-Z]")
"""In a token: it is a name in the code rather than a word."""


def objection(text: str, candidate: Candidate) -> str:
    """Why ``text`` may not replace the statement of ``candidate``; '' when it may."""
    original = candidate.problem_statement
    plain = unicodedata.normalize("NFKC", html.unescape(_ESCAPED.sub("", text)))
    if words(text) < _LEAST or not text.startswith("# "):
        return "says nothing" if words(text) < _LEAST else "has no title"
    if len(text) > LONGER * len(original) + _A_PARAGRAPH:
        return "is far longer than the original"
    if "<!--" in text or _hidden(text) - _hidden(original):
        return "holds what a reader does not see"
    leaks = Leaks(candidate.test_patch, candidate.gold_patch, candidate.pull_request)
    leak = leaks.found(text) or leaks.found(plain)
    if leak:
        return leak
    return _added(text, plain, candidate) or _lost(text, plain, candidate)


def _added(text: str, plain: str, candidate: Candidate) -> str:
    """What only a model can have brought in."""
    original = candidate.problem_statement
    known = squeezed(original)
    if any(squeezed(code) not in known for code in _code(text)):
        return "has code that the original lacks"
    if any(address not in original for address in _ADDRESS.findall(text)):
        return "has an address that the original lacks"
    said = {token.casefold() for token in tokens(original)}
    if any(name.casefold() not in said for name in _names(plain) & _solution(candidate)):
        return "has a name that only the patches have"
    return ""


def _lost(text: str, plain: str, candidate: Candidate) -> str:
    """What an agent needs and the original told."""
    original, told = candidate.problem_statement, f"{plain}\n{candidate.interface}"
    if (_names(original) & _solution(candidate)) - tokens(told):
        return "leaves out a name that is asked for"
    before = unsaid_texts(f"{original}\n{candidate.interface}", candidate.gold_patch, candidate.test_patch)
    after = unsaid_texts(f"{told}\n{text}", candidate.gold_patch, candidate.test_patch)
    if set(after) - set(before):
        return "leaves out a text that is asked for"
    if set(signals_of(original)).intersection(_KEPT) - set(signals_of(text)):
        return "leaves out the error or the code"
    return "is in another language" if is_foreign(text) and not is_foreign(original) else ""


def _solution(candidate: Candidate) -> set[str]:
    return new_tokens(candidate.gold_patch) | new_tokens(candidate.test_patch)


def _names(text: str) -> set[str]:
    """Tokens that look like names in code, and those of all that is set as code."""
    looks = {token for token in tokens(text) if _NAME.search(token)}
    return looks | tokens("\n".join(_code(text)))


def _code(text: str) -> Iterator[str]:
    """Lines of code blocks, and pieces of inline code."""
    for block in _FENCED.findall(text):
        yield from block.split("\n")
    prose = _FENCED.sub("\n", text)
    yield from _INDENTED.findall(prose)
    for _, code in _INLINE.findall(prose):
        yield code


def _hidden(text: str) -> set[str]:
    """Characters that show nothing: controls, and those that only change how others are shown."""
    return {char for char in text if unicodedata.category(char).startswith("C")} - {"\n", "\t"}
