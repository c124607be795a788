"""Reads what a change added to changelogs: fragments whole, entries of a running changelog by line.

Takes the dropped patch, not files, so that only the added words count.  Headings, dates and version
numbers are left out.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import yaml
from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

MAX_LINES = 60
"""A longer addition is the text of a whole release."""

_BULLET = re.compile(r"[-*•+]\s+")
_UNDERLINE = re.compile(r"\s*([=\-~^\"'`#*+])\1{2,}\s*")
_HEADING = re.compile(
    r"\s*(?:#{1,6}\s.*|\*\*[^*]+\*\*:?|(?:version|release|v)?\s*\d+\.\d+[\w.]*(?:\s*[-–(].*)?:?|\.\. .*|_*"
    r"|(?:unreleased|released?\b.*|(?:new |api |internal |backwards?[- ]incompatible )?"
    r"(?:bug ?fix(?:es)?|bug fixes|features?|enhancements?|changes?|fixed|added|removed|changed|deprecated"
    r"|deprecations?|internal|documentation|improvements?|other|miscellaneous|security|contributors?))\s*:?)\s*",
    re.IGNORECASE,
)


def entries(patch: str) -> list[tuple[str, str]]:
    """(path, added text) of every changelog that a patch adds to."""
    if not patch:
        return []
    try:
        files = PatchSet(patch)
    except UnidiffParseError:
        return []
    found = []
    for file in files:
        if file.is_binary_file or file.is_removed_file:
            continue
        added = [line for hunk in file for line in _new_lines(hunk)]
        if 0 < len(added) <= MAX_LINES:
            text = _from_yaml(added) if file.path.endswith((".yaml", ".yml")) else _prose(added)
            if text:
                found.append((file.path, text))
    return found


def _new_lines(hunk: Hunk) -> list[str]:
    """Added lines, but for those that only correct a line that was there."""
    removed = [line.value.strip() for line in hunk if line.is_removed]
    added = [line.value.rstrip("\r\n") for line in hunk if line.is_added]
    return [text for text in added if not get_close_matches(text.strip(), removed, n=1, cutoff=0.9)]


def _prose(added: list[str]) -> str:
    """Entries without headings, each paragraph or list item as it stands."""
    kept = []
    for index, line in enumerate(added):
        following = added[index + 1] if index + 1 < len(added) else ""
        if _UNDERLINE.fullmatch(line) or (_UNDERLINE.fullmatch(following) and line.strip()):
            continue
        if _HEADING.fullmatch(line):
            if not line.strip():
                kept.append("")
            continue
        kept.append(line)
    return _only_item(_dedented(kept)).strip("\n")


def _dedented(lines: list[str]) -> list[str]:
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[indent:] for line in lines]


def _only_item(lines: list[str]) -> str:
    """The text of a list that has one item; several stay a list."""
    told = [line for line in lines if line.strip()]
    bullet = _BULLET.match(told[0]) if told else None
    if bullet is None or any(not line.startswith(" ") for line in told[1:]):
        return "\n".join(lines)
    first = lines.index(told[0])
    rest = _dedented(lines[first + 1 :])
    return "\n".join([told[0][bullet.end() :], *rest])


def _from_yaml(added: list[str]) -> str:
    try:
        data = yaml.load("\n".join(added), Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return ""
    return "\n\n".join(text.strip() for text in _strings(data) if len(text.split()) > 2)


def _strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for value in data.values() for text in _strings(value)]
    if isinstance(data, list):
        return [text for value in data for text in _strings(value)]
    return [str(data)]
