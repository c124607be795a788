"""Where in a file mistakes are made: code in lines that the gold patch adds, and nothing that is only told.

Left out are docstrings, annotations, f-strings, messages of exceptions, warnings and logs, ``__all__`` and
other facts about a module, and what only type checkers or ``python file.py`` run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from envfactory.languages.changed_source import ChangedSource, Mutant
from envfactory.languages.python_oracle.comparison import is_text
from envfactory.languages.python_oracle.operators import OPERATORS, condition
from envfactory.languages.python_oracle.reading import parsed
from envfactory.languages.source_text import Text

TELLING = frozenset(
    ("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "deprecated")
)
"""Functions and methods whose arguments are for people."""
SHOWN = 120

_Place = tuple[str, ast.AST, ast.AST]
"""Operator, node, what takes its place."""


def mutants(source: ChangedSource) -> tuple[Mutant, ...]:
    """All mistakes that can be made in the added lines, in order of their place.

    Not all are other programs, or programs at all: ``comparison.fingerprint`` tells.
    """
    module = parsed(source.text)
    if module is None or source.text.startswith("\ufeff") or "\r" in source.text:
        return ()
    found, positions = [], Text(source.text.encode())
    for operator, node, new in _places(module):
        line = _line(operator, node, new, source.added)
        if line in source.added and isinstance(node, ast.expr | ast.stmt):
            written = f"({ast.unparse(new)})" if isinstance(node, ast.expr) else ast.unparse(new)
            told = f"{_short(node)} -> {_short(new)}"
            edit = positions.spanned(node, written.encode())
            found.append(Mutant(source.path, line, operator, told, source.text, edit))
    return tuple(sorted(found, key=lambda mutant: (mutant.line, mutant.edit.start)))


def _line(operator: str, node: ast.AST, new: ast.AST, added: frozenset[int]) -> int:
    """Where the mistake is: an argument may stand on another line than its call, a text on several."""
    if operator == "argument" and isinstance(node, ast.Call) and isinstance(new, ast.Call):
        return next(gone.value.lineno for gone in node.keywords if gone not in new.keywords)
    if isinstance(node, ast.Constant):
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        return next((line for line in lines if line in added), node.lineno)
    return int(getattr(node, "lineno", 0))


def _short(node: ast.AST) -> str:
    told = " ".join(ast.unparse(node).split())
    return told if len(told) <= SHOWN else f"{told[: SHOWN - 3]}..."


def _places(node: ast.AST) -> Iterator[_Place]:
    """Every mistake that can be made below ``node``."""
    for child in _code_below(node):
        for name, mistake in OPERATORS.items():
            for new in mistake(child):
                yield name, child, ast.fix_missing_locations(ast.copy_location(new, child))
        if child is getattr(node, "test", None) and isinstance(node, ast.If | ast.While | ast.IfExp):
            for new in condition(child):
                yield "condition", child, ast.fix_missing_locations(ast.copy_location(new, child))
        yield from _places(child)


def _code_below(node: ast.AST) -> Iterator[ast.AST]:
    """Children that are code which tests can be expected to run and to notice."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and _is_not_for_tests(node.test)):
        return
    if isinstance(node, ast.Raise):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "msg"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_only_told(child):
                yield child


def _is_only_told(node: ast.AST) -> bool:
    if is_text(node) or isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal):
        return True
    if isinstance(node, ast.Expr):
        return _tells(node.value)
    targets = getattr(node, "targets", ())
    return any(isinstance(target, ast.Name) and target.id.startswith("__") for target in targets)


def _tells(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    name = getattr(function, "attr", None) or getattr(function, "id", "")
    return name in TELLING


def _is_not_for_tests(test: ast.expr) -> bool:
    told = ast.unparse(test)
    return "TYPE_CHECKING" in told or "__name__ ==" in told
