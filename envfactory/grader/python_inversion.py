"""Turns assertions of Python tests around, so that a test which passed must fail.

Only assertions that are certainly reached are turned: statements of the test's own body, or of a
``with`` block in it that swallows nothing.  As the test passed, each of them held; so the turned one
cannot, whatever the program does, unless the outcome is not decided by the assertion at all.

``a == b`` becomes a comparison with something else of the same type, not ``a != b``: an object that claims
to be equal to everything is found out by that.  Works on text; imports and runs nothing.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator, Mapping, Sequence

from envfactory.grader.python_equations import (
    EQUAL,
    RAISING,
    Function,
    all_equations,
    expected,
    own_method,
    reached,
)
from envfactory.grader.python_progress import declared, fresh_name, gone_all_the_way
from envfactory.grader.unequal import unequal
from envfactory.languages.python_rules.syntax import parse
from envfactory.languages.source_text import Edit, Text, edited

HARMLESS: tuple[str, ...] = (
    "parametrize",
    "usefixtures",
    "asyncio",
    "anyio",
    "trio",
    "timeout",
    "filterwarnings",
    "django_db",
)
"""Marks that leave a failure a failure.  Under other decorators a test may be repeated, searched for a
failing example, or expected to fail, so it is left alone."""
GENERATING = ("given", "settings", "example", "seed")
"""Decorators of tests that run many times: a false assertion at their begin fails at once, others late."""
UNRAISED = (b"FloatingPointError", b"BufferError", b"UnicodeTranslateError")
"""Built-in exceptions that hardly any test waits for."""
OPPOSITE = {
    "assertTrue": "assertFalse",
    "assertFalse": "assertTrue",
    "assertIs": "assertIsNot",
    "assertIsNot": "assertIs",
    "assertIsNone": "assertIsNotNone",
    "assertIsNotNone": "assertIsNone",
    "assertIsInstance": "assertNotIsInstance",
    "assertNotIn": "assertIn",
    "assertNotEqual": "assertEqual",
}


def inverted(source: bytes, functions: Sequence[str]) -> tuple[bytes, tuple[str, ...]]:
    """``source`` with each of ``functions`` (``test_x``, ``Class::test_x``) turned around.

    Either one assertion of a function is turned, or all its equations are (see ``all_equations``), by
    chance.  Returns the names of those that could be turned, too; ``source`` itself if none could.
    """
    try:
        source.decode("utf-8")  # positions are counted in it
    except ValueError:
        return source, ()
    tree = parse(source)
    if tree is None:
        return source, ()
    found, text = dict(_functions(tree)), Text(source)
    chosen, lists = dict[str, list[Edit]](), list[bytes]()
    for name in functions:
        noted = fresh_name(source, lists)
        if name in found and (edits := _turned(found[name], text, noted)):
            chosen[name] = edits
            lists.append(noted)
    begin = declared(tree, text, lists)
    changed = edited(source, [*begin, *(edit for edits in chosen.values() for edit in edits)])
    return (changed, tuple(chosen)) if chosen and parse(changed) else (source, ())


def _turned(function: Function, text: Text, noted: bytes) -> list[Edit]:
    """One way to turn a function, drawn; nothing where there is none."""
    ways = _ways(function, text)
    if not ways:
        return []
    every = all_equations(function, text, noted) if len(ways) > 1 else []
    if every and secrets.randbelow(2):
        return every
    statement, change = secrets.choice(ways)
    return gone_all_the_way(function, statement, change, text, noted) if statement else [change]


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Test functions by the name they have in a test id; of equal names the last counts, as in Python."""
    for node in getattr(tree, "body", ()):
        if isinstance(node, Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}::")


Way = tuple[ast.stmt | None, Edit]
"""A statement and how an expression of it is turned; without a statement: something put in front."""


def _ways(function: Function, text: Text) -> list[Way]:
    """All ways to turn a function; a false assertion at its begin where none of its own can be turned."""
    marks = {_mark(decorator) for decorator in function.decorator_list}
    if marks - {*HARMLESS, *GENERATING}:
        return []
    runs_through = not marks & set(GENERATING) and not any(map(_leaves, function.body))
    ways = list[Way]()
    if runs_through:
        ways += [(s, edit) for s in reached(function.body) for edit in _edits(s, text)]
    return ways or ([] if any(map(_yields, function.body)) else list(_false_start(function, text)))


def _false_start(function: Function, text: Text) -> Iterator[Way]:
    documented = ast.get_docstring(function, clean=False) is not None
    first = function.body[1 if documented and len(function.body) > 1 else 0]
    line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    if line == first.lineno and first.lineno > function.lineno:
        value = secrets.randbelow(1000)
        edit = text.before(first, f"assert len({'x' * (value % 7)!r}) == {7 + value}".encode())
        yield from [(None, edit)] if edit else []


def _mark(decorator: ast.expr) -> str:
    """``parametrize`` of ``@pytest.mark.parametrize(...)``, the bare name of others, or nothing."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(named, ast.Attribute) and ast.unparse(named.value).endswith(("mark", "hypothesis")):
        return named.attr
    return named.id if isinstance(named, ast.Name) and named.id in GENERATING else ""


def _leaves(node: ast.AST) -> bool:
    """Whether the function that ``node`` belongs to may end here, or is a generator."""
    return _has(node, (ast.Return, ast.Yield, ast.YieldFrom))


def _yields(node: ast.AST) -> bool:
    return _has(node, (ast.Yield, ast.YieldFrom))


def _has(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    """Whether ``node`` holds such a node that is not of a function inside it."""
    if isinstance(node, kinds):
        return True
    if isinstance(node, Function | ast.Lambda | ast.ClassDef):
        return False
    return any(_has(child, kinds) for child in ast.iter_child_nodes(node))


def _edits(statement: ast.stmt, text: Text) -> Iterator[Edit]:
    if isinstance(statement, ast.Assert):
        yield from _of_assert(statement.test, text)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from _of_call(statement.value, text)
    elif isinstance(statement, ast.With | ast.AsyncWith):
        yield from _of_raises([item.context_expr for item in statement.items], text)


def _of_raises(managers: Sequence[ast.expr], text: Text) -> Iterator[Edit]:
    """``pytest.raises(ValueError)`` waits for something else."""
    call = managers[0] if len(managers) == 1 else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in RAISING:
        yield from (text.replaced(argument, _unraised) for argument in call.args[:1])


def _of_assert(test: ast.expr, text: Text) -> Iterator[Edit]:
    operator = test.ops[0] if isinstance(test, ast.Compare) and len(test.ops) == 1 else None
    if isinstance(test, ast.Compare) and isinstance(operator, ast.Eq):
        yield from (text.replaced(side, unequal) for side in expected(test.left, test.comparators[0]))
    elif isinstance(test, ast.Compare) and isinstance(operator, ast.In):
        yield text.replaced(test.left, unequal)
    else:
        yield text.replaced(test, lambda told: b"(not (" + told + b"))")


def _of_call(call: ast.Call, text: Text) -> Iterator[Edit]:
    method = call.func
    if not own_method(call) or not isinstance(method, ast.Attribute):
        return
    if method.attr == "assertIn" and len(call.args) >= 2:
        yield text.replaced(call.args[0], unequal)
    elif method.attr in EQUAL and len(call.args) >= 2:
        yield from (text.replaced(side, unequal) for side in expected(*call.args[:2]))
    elif method.attr in OPPOSITE and call.args:
        new = OPPOSITE[method.attr].encode()
        yield text.replaced(method, lambda told: b"self." + new)
    elif method.attr in RAISING and len(call.args) >= 2:
        yield text.replaced(call.args[0], _unraised)


def _unraised(told: bytes) -> bytes:
    return secrets.choice([name for name in UNRAISED if name not in told])


def owners(test_ids: Sequence[str], module: str) -> Mapping[str, tuple[str, ...]]:
    """Function name -> test ids of ``module`` that it makes: ``m.py::C::test_x[1]`` is of ``C::test_x``."""
    found: dict[str, list[str]] = {}
    for test_id in test_ids:
        path, _, rest = test_id.partition("::")
        if path == module and rest:
            found.setdefault(rest.partition("[")[0], []).append(test_id)
    return {name: tuple(ids) for name, ids in found.items()}
