"""Splits a change into gold patch, test patch and what belongs to neither.

Which file is what is the language's business; here is only what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from envfactory.languages.protocol import FileKind

_TEST_KINDS = {FileKind.TEST, FileKind.TEST_DATA}
_CODE_KINDS = {FileKind.SOURCE, FileKind.OTHER}


class Split(NamedTuple):
    """Paths of a change, each in exactly one of ``gold``, ``tests`` and ``dropped``."""

    gold: tuple[str, ...]
    """Source, and the documentation and configuration that are part of the change."""
    tests: tuple[str, ...]
    """Tests and their data: what grading puts in place."""
    dropped: tuple[str, ...]
    """Changelog entries: they become the statement and are in neither patch."""
    code: tuple[str, ...]
    """Those of ``gold`` whose change can make a test pass."""


def split(kinds: Mapping[str, FileKind]) -> Split:
    """Sort the paths of a change by what their kind is for."""
    paths = sorted(kinds)
    return Split(
        gold=tuple(path for path in paths if kinds[path] not in _TEST_KINDS | {FileKind.CHANGELOG}),
        tests=tuple(path for path in paths if kinds[path] in _TEST_KINDS),
        dropped=tuple(path for path in paths if kinds[path] is FileKind.CHANGELOG),
        code=tuple(path for path in paths if kinds[path] in _CODE_KINDS),
    )
