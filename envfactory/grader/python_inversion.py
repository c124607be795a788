"""Turns assertions of Python tests around, so that a test which passed must fail.

Only assertions that are certainly reached are turned: statements of the test's own body, or of a
``with`` block in it that swallows nothing.  As the test passed, each of them held; so the turned one
cannot, whatever the program does, unless the outcome is not decided by the assertion at all.

``a == b`` becomes a comparison with something else, not ``a != b``: an object that claims to be equal to
everything is found out by that.  Works on text; imports and runs nothing.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

RAISING = ("raises", "assertRaises")
SWALLOWING = (*RAISING, "suppress", "deprecated_call", "warns", "assertWarns", "assertLogs", "subTest")
"""Calls whose ``with`` block need not be run to its end, or may hide what it raises."""
HARMLESS = (
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
WRAPPED = (
    "assertEqual",
    "assertEquals",
    "assertListEqual",
    "assertDictEqual",
    "assertMultiLineEqual",
    "assertIn",
)
Choose = Callable[[Sequence["Edit"]], "Edit"]


@dataclass(frozen=True)
class Edit:
    """One replacement: bytes ``start`` to ``end`` of the source."""

    start: int
    end: int
    text: bytes


def inverted(
    source: bytes, functions: Sequence[str], choose: Choose = secrets.choice
) -> tuple[bytes, tuple[str, ...]]:
    """``source`` with one assertion turned in each of ``functions`` (``test_x``, ``Class::test_x``).

    Returns the names of those functions that could be turned, too; ``source`` itself if none could.
    """
    try:
        source.decode("utf-8")  # positions are counted in it
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return source, ()
    found, text = dict(_functions(tree)), _Text(source)
    chosen = {}
    for name in functions:
        edits = list(_edits(found[name].body, text)) if name in found and _is_plain(found[name]) else []
        if edits:
            chosen[name] = choose(edits)
    changed = source
    for edit in sorted(chosen.values(), key=lambda edit: edit.start, reverse=True):
        changed = changed[: edit.start] + edit.text + changed[edit.end :]
    return (changed, tuple(chosen)) if _compiles(changed) else (source, ())


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Test functions by the name they have in a test id; of equal names the last counts, as in Python."""
    for node in getattr(tree, "body", ()):
        if isinstance(node, Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}::")


def _is_plain(function: Function) -> bool:
    """Its body runs once, from top to bottom, and what it raises is its outcome."""
    marks = [_mark(decorator) for decorator in function.decorator_list]
    return all(mark in HARMLESS for mark in marks) and not any(map(_leaves, function.body))


def _mark(decorator: ast.expr) -> str:
    """``parametrize`` of ``@pytest.mark.parametrize(...)``, else an empty string."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    is_mark = isinstance(named, ast.Attribute) and ast.unparse(named.value).endswith("mark")
    return named.attr if is_mark and isinstance(named, ast.Attribute) else ""


def _leaves(node: ast.AST) -> bool:
    """Whether the function that ``node`` belongs to may end here, or is a generator."""
    if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, Function | ast.Lambda | ast.ClassDef):
        return False
    return any(map(_leaves, ast.iter_child_nodes(node)))


def _names(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute):
            yield inner.id if isinstance(inner, ast.Name) else inner.attr


def _edits(body: Sequence[ast.stmt], text: _Text) -> Iterator[Edit]:
    for statement in body:
        if isinstance(statement, ast.Assert):
            yield from _of_assert(statement.test, text)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield from _of_call(statement.value, text)
        elif isinstance(statement, ast.With | ast.AsyncWith):
            names = {name for item in statement.items for name in _names(item.context_expr)}
            if names & set(RAISING):
                yield from _of_raises([item.context_expr for item in statement.items], text)
            elif not names & set(SWALLOWING):
                yield from _edits(statement.body, text)


def _of_raises(managers: Sequence[ast.expr], text: _Text) -> Iterator[Edit]:
    """``pytest.raises(ValueError)`` waits for something else."""
    call = managers[0] if len(managers) == 1 else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in RAISING:
        yield from (text.replaced(argument, _unraised) for argument in call.args[:1])


def _of_assert(test: ast.expr, text: _Text) -> Iterator[Edit]:
    operator = test.ops[0] if isinstance(test, ast.Compare) and len(test.ops) == 1 else None
    if isinstance(test, ast.Compare) and isinstance(operator, ast.Eq):
        yield text.replaced(test.comparators[0], _unequal)
    elif isinstance(test, ast.Compare) and isinstance(operator, ast.In):
        yield text.replaced(test.left, _unequal)
    else:
        yield text.replaced(test, lambda told: b"(not (" + told + b"))")


def _of_call(call: ast.Call, text: _Text) -> Iterator[Edit]:
    method = call.func
    own = (
        isinstance(method, ast.Attribute) and isinstance(method.value, ast.Name) and method.value.id == "self"
    )
    if not own or not isinstance(method, ast.Attribute) or any(isinstance(a, ast.Starred) for a in call.args):
        return
    if method.attr in WRAPPED and len(call.args) >= 2:
        yield text.replaced(call.args[0 if method.attr == "assertIn" else 1], _unequal)
    elif method.attr in OPPOSITE and call.args:
        new = OPPOSITE[method.attr].encode()
        yield text.replaced(method, lambda told: b"self." + new)
    elif method.attr in RAISING and len(call.args) >= 2:
        yield text.replaced(call.args[0], _unraised)


def _unequal(told: bytes) -> bytes:
    """An expression that is unequal to what ``told`` is equal to, of the same type where that is easy."""
    try:
        value = ast.literal_eval(told.decode().strip())
    except (ValueError, SyntaxError, UnicodeDecodeError, MemoryError):
        value = None
    if type(value) is int and abs(value) < 1 << 31:
        return b"(%d)" % (value + 1 + secrets.randbelow(9))
    if type(value) is str and "\n" not in value:
        cut = secrets.randbelow(len(value) + 1)
        return repr(value[:cut] + secrets.choice("abcdefgh") + value[cut:]).encode()
    return b"((" + told + b"), %d)" % secrets.randbelow(100)


def _unraised(told: bytes) -> bytes:
    return secrets.choice([name for name in UNRAISED if name not in told])


class _Text:
    """Source bytes with the positions of nodes in them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        # ``ast`` counts bytes of UTF-8 without the mark of order; other encodings are left alone.
        self._mark = 3 if source.startswith(b"\xef\xbb\xbf") else 0

    def replaced(self, node: ast.expr, change: Callable[[bytes], bytes]) -> Edit:
        start = self._offset(node.lineno, node.col_offset)
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        return Edit(start, end, change(self._source[start:end]))

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column + (self._mark if line == 1 else 0)


def _compiles(source: bytes) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def owners(test_ids: Sequence[str], module: str) -> Mapping[str, tuple[str, ...]]:
    """Function name -> test ids of ``module`` that it makes: ``m.py::C::test_x[1]`` is of ``C::test_x``."""
    found: dict[str, list[str]] = {}
    for test_id in test_ids:
        path, _, rest = test_id.partition("::")
        if path == module and rest:
            found.setdefault(rest.partition("[")[0], []).append(test_id)
    return {name: tuple(ids) for name, ids in found.items()}
