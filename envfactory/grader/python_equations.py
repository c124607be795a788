"""Equations of Python tests: where they are, which side the test wrote, and all of them made wrong at once.

Reads and writes text; imports and runs nothing.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator, Sequence

from envfactory.grader.unequal import unequal
from envfactory.languages.source_text import Edit, Text

Function = ast.FunctionDef | ast.AsyncFunctionDef
RAISING = ("raises", "assertRaises")
SWALLOWING = (*RAISING, "suppress", "deprecated_call", "warns", "assertWarns", "assertLogs", "subTest")
"""Calls whose ``with`` block need not be run to its end, or may hide what it raises."""
EQUAL = ("assertEqual", "assertEquals", "assertListEqual", "assertDictEqual", "assertMultiLineEqual")


def all_equations(function: Function, text: Text, noted: bytes) -> list[Edit]:
    """All equations certainly reached become wrong ones whose truth is noted, and one must have been true.

    One turned equation ends the test before the next, so a patch that forges a value late would often go
    unnoticed.  Here every value is compared once, as in the straight run.  ``noted`` is the name of a list of
    the module; a test that skipped equations passes.  Those in a block do not count: it may be left early.
    """
    sides = [(statement, _equation(statement)) for statement in reached(function.body)]
    edits = []
    for statement, (left, right) in ((s, pair) for s, pair in sides if pair):
        changed = secrets.choice(expected(left, right))
        told = [
            unequal(text.told(side)) if side is changed else b"(" + text.told(side) + b")"
            for side in (left, right)
        ]
        edits.append(text.spanned(statement, noted + b".append(" + b" == ".join(told) + b")"))
    first, last = function.body[0], function.body[-1]
    begin = text.before(first, noted + b".clear()") if first.lineno > function.lineno else None
    certain = sum(_equation(statement) is not None for statement in function.body)
    if not certain or begin is None or getattr(first, "decorator_list", None):
        return []
    end = b"assert any(%s) or len(%s) < %d" % (noted, noted, certain)
    return [begin, *edits, text.after(last, first, end)]


def reached(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that a test which passed has run to their ends; ``with`` blocks that expect an exception."""
    for statement in body:
        names = set[str]()
        if isinstance(statement, ast.With | ast.AsyncWith):
            names = {name for item in statement.items for name in identifiers(item.context_expr)}
            if not names & set(SWALLOWING):
                yield from reached(statement.body)
        if not isinstance(statement, ast.With | ast.AsyncWith) or names & set(RAISING):
            yield statement


def _equation(statement: ast.stmt) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
        test = statement.test
        return (test.left, test.comparators[0]) if [type(o) for o in test.ops] == [ast.Eq] else None
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and own_method(call) in EQUAL and len(call.args) >= 2:
        return call.args[0], call.args[1]
    return None


def own_method(call: ast.Call) -> str:
    """``m`` of ``self.m(...)`` where each argument is told one by one; empty otherwise."""
    method = call.func
    if not isinstance(method, ast.Attribute) or any(isinstance(a, ast.Starred) for a in call.args):
        return ""
    return method.attr if isinstance(method.value, ast.Name) and method.value.id == "self" else ""


def identifiers(node: ast.AST) -> Iterator[str]:
    """Names and attributes in ``node``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute):
            yield inner.id if isinstance(inner, ast.Name) else inner.attr


def expected(left: ast.expr, right: ast.expr) -> list[ast.expr]:
    """The sides of an equation that the test itself wrote down, rather than had from the program.

    What the program returned may claim to equal everything, or to equal whatever has the right type, so
    the other side is changed; where both look alike, either.  A right side that may honestly equal more
    than one value is changed itself.
    """
    shown = [_written(left), _written(right)]
    if any(name == "approx" or not name.islower() for name in identifiers(right)) or shown[0] < shown[1]:
        return [right]
    if shown[0] == shown[1]:
        return [left, right] if shown[0] == NAMED else [right]
    return [left]


LITERAL, NAMED, COMPUTED = 2, 1, 0


def _written(side: ast.expr) -> int:
    """How likely the test, not the program, made ``side``."""
    if all(isinstance(inner, _DATA) for inner in ast.walk(side)):
        return LITERAL
    return NAMED if isinstance(side, ast.Name) else COMPUTED


_DATA = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp, ast.USub, ast.Load)
