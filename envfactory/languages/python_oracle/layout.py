"""Equal variants that differ in layout alone: functions written anew, comments added.

The syntax tree of the whole file must stay the same, docstrings included; else there is no variant.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence

from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.python_oracle.comparison import same_program
from envfactory.languages.python_oracle.reading import (
    Function,
    calm,
    changed_functions,
    fills_its_lines,
    has_telling_comment,
    version,
)

INDENT = 4
"""Columns by which ``ast.unparse`` indents."""
FREE_F_STRINGS = (3, 12)
"""From here on f-strings may hold the quotes that they stand in, and ``ast.unparse`` writes such."""
FREE_STARS = (3, 11)
"""From here on ``x[*y]`` is an index, and ``ast.unparse`` writes such."""


def reformatted(source: ChangedSource) -> str | None:
    """Changed functions in the layout of ``ast.unparse``, without comments."""
    module = calm(source)
    if module is None:
        return None
    lines = source.text.split("\n")
    for function in reversed(changed_functions(module, source)):
        first, last = function.lineno - 1, function.end_lineno or 0
        if _may_be_written_anew(function, lines[first:last], lines, source.toolchain):
            lines[first:last] = _written(function)
    return _if_equal(source, "\n".join(lines))


def comments_added(source: ChangedSource) -> str | None:
    """A comment before every statement of changed functions that begins a line."""
    module = calm(source)
    if module is None:
        return None
    lines = source.text.split("\n")
    begins = {
        statement.lineno
        for function in changed_functions(module, source)
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt) and statement is not function and _begins_line(statement, lines)
    }
    for line in sorted(begins, reverse=True):
        told = lines[line - 1]
        lines.insert(line - 1, f"{told[: len(told) - len(told.lstrip())]}# the next statement")
    return _if_equal(source, "\n".join(lines))


def _may_be_written_anew(function: Function, own: Sequence[str], lines: list[str], toolchain: str) -> bool:
    indent = own[0][: function.col_offset]
    if indent.strip(" ") or function.col_offset % INDENT or not fills_its_lines(function, lines):
        return False
    if has_telling_comment(list(own)) or any("\t" in line[: len(line) - len(line.lstrip())] for line in own):
        return False
    task = version(toolchain)
    stars_told_apart = bool(task) and task >= FREE_STARS
    f_strings_told_apart = sys.version_info < FREE_F_STRINGS or (bool(task) and task >= FREE_F_STRINGS)
    for node in ast.walk(function):
        if isinstance(node, ast.Starred) and not stars_told_apart:
            return False
        if isinstance(node, ast.JoinedStr) and not f_strings_told_apart:
            return False
    return True


def _written(function: Function) -> list[str]:
    """The function without its decorators, which stay where they are, at its own depth."""
    bare = type(function)(**{name: getattr(function, name) for name in function._fields})
    bare.decorator_list = []
    depth = function.col_offset // INDENT
    nested: ast.stmt = bare
    for _ in range(depth):
        nested = ast.If(test=ast.Constant(value=True), body=[nested], orelse=[])
    told = ast.unparse(ast.fix_missing_locations(ast.Module(body=[nested], type_ignores=[])))
    written = told.strip("\n").split("\n")[depth:]
    return written[1:] if not written[0].strip() else written


def _begins_line(statement: ast.stmt, lines: list[str]) -> bool:
    decorated = getattr(statement, "decorator_list", ())
    begins = not lines[statement.lineno - 1].encode()[: statement.col_offset].strip()
    return begins and not decorated


def _if_equal(source: ChangedSource, text: str) -> str | None:
    if text == source.text or not same_program(source.text, text, source.toolchain):
        return None
    return text
