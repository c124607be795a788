"""Replacements in the text of a Python source, by the positions that ``ast`` gives.

Counts bytes, as ``ast`` does for UTF-8.  Changes nothing itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """One replacement: bytes ``start`` to ``end`` of the source."""

    start: int
    end: int
    text: bytes


class Text:
    """Source bytes with the positions of nodes in them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        # ``ast`` counts bytes of UTF-8 without the mark of order; other encodings are left alone.
        self._mark = 3 if source.startswith(b"\xef\xbb\xbf") else 0

    def replaced(self, node: ast.expr, change: Callable[[bytes], bytes]) -> Edit:
        """``node`` becomes what ``change`` makes of its text."""
        span = self.spanned(node, b"")
        return Edit(span.start, span.end, change(self.told(node)))

    def spanned(self, node: ast.expr | ast.stmt, text: bytes) -> Edit:
        """``text`` in the place of ``node``."""
        start = self._offset(node.lineno, node.col_offset)
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        return Edit(start, end, text)

    def told(self, node: ast.expr) -> bytes:
        """The text of ``node``."""
        return self.between(self.spanned(node, b""))

    def between(self, span: Edit) -> bytes:
        """The text that ``span`` replaces."""
        return self._source[span.start : span.end]

    def after(self, node: ast.stmt, like: ast.stmt, statement: bytes) -> Edit:
        """``statement`` on a line of its own behind ``node``, indented as ``like``, which begins a line."""
        end = self.spanned(node, b"").end
        start = self._starts[like.lineno - 1]
        indent = self._source[start : self._offset(like.lineno, like.col_offset)]
        return Edit(end, end, b"\n" + indent + statement)

    def before(self, node: ast.stmt, statement: bytes) -> Edit | None:
        """``statement`` on a line of its own before ``node``; ``None`` where that begins no line."""
        start = self._offset(node.lineno, node.col_offset)
        indent = self._source[self._starts[node.lineno - 1] : start]
        return Edit(start, start, statement + b"\n" + indent) if not indent.strip() else None

    def at_end(self, statement: bytes) -> Edit:
        """``statement`` behind everything else."""
        return Edit(len(self._source), len(self._source), b"\n" + statement + b"\n")

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column + (self._mark if line == 1 else 0)


def edited(source: bytes, edits: Iterable[Edit]) -> bytes:
    """``source`` with edits that do not overlap; insertions go before a replacement that begins there."""
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source
