"""Makes a turned assertion hold for a test that did not come to it statement by statement.

A patch may skip a test instead of bending what it compares: a trace function can move a frame to its last
line.  If what stands there happens to hold, the test passes, and turned around it fails, as if it were
honest.  So a turned test keeps a list of how far it got, and is turned only for those who went all the way.

Reads and writes text; imports and runs nothing.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterable, Iterator, Sequence

from envfactory.grader.python_equations import Function
from envfactory.languages.python_rules.syntax import is_text
from envfactory.languages.source_text import Edit, Text

NAMES = (b"_held", b"_same", b"_found", b"_equal", b"_seen", b"_done")


def fresh_name(source: bytes, taken: Iterable[bytes]) -> bytes:
    """A name for a list that ``source`` does not use."""
    name = secrets.choice(NAMES)
    while name in source or name in {*taken}:
        name += b"%d" % secrets.randbelow(10)
    return name


def declared(tree: ast.Module, text: Text, names: Sequence[bytes]) -> list[Edit]:
    """The lists, made by the module before a test runs: as early as can be."""
    later = (node for node in tree.body if not _first(node))
    begin = next((edit for node in later if (edit := _before(node, text, _made(names)))), None)
    return [begin or text.at_end(_made(names))] if names else []


def _made(names: Sequence[bytes]) -> bytes:
    return b"; ".join(name + b" = []" for name in names)


def _first(node: ast.stmt) -> bool:
    """What has to stay at the begin of a module: its documentation, imports from the future."""
    return (isinstance(node, ast.ImportFrom) and node.module == "__future__") or is_text(node)


def gone_all_the_way(function: Function, last: ast.stmt, change: Edit, text: Text, name: bytes) -> list[Edit]:
    """``change``, an expression of ``last``, made only where all that certainly comes before was run."""
    steps = list[Edit]()
    for statement in _on_the_way(function.body, last):
        note = name + (b".append(0)" if steps else b"[:] = [0]")
        if edit := _before(statement, text, note):
            steps.append(edit)
    old = text.between(change)
    turned = b"((%s) if len(%s) != %d else %s)" % (old, name, len(steps), change.text)
    return [*steps, Edit(change.start, change.end, turned)]


def _on_the_way(body: Sequence[ast.stmt], last: ast.stmt) -> Iterator[ast.stmt]:
    """What comes before ``last`` and the blocks it is in; nothing in others, which may be left early."""
    for statement in body:
        if not is_text(statement):
            yield statement
        if any(inner is last for inner in ast.walk(statement)):
            inside = getattr(statement, "body", []) if statement is not last else []
            yield from _on_the_way(inside, last)
            return


def _before(node: ast.stmt, text: Text, statement: bytes) -> Edit | None:
    return None if getattr(node, "decorator_list", None) else text.before(node, statement)
