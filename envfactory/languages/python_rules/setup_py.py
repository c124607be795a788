"""What a ``setup.py`` says, by reading it: it is parsed, never executed.

The values of ``setup(...)`` arguments are evaluated over a small subset of Python: literals, names
assigned at module level, concatenation, ``dict(...)``, comprehensions over literals, and calls that
mention a requirements file of the tree (which is read in place of the call).  Whatever lies outside
the subset is left out, so a value is either right or absent.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable
from typing import Any

from envfactory.languages.python_rules.syntax import parse

UNKNOWN = object()
"""Not evaluable; dropped from containers, never returned to a caller."""

WANTED = frozenset(
    {
        "name",
        "version",
        "python_requires",
        "classifiers",
        "install_requires",
        "extras_require",
        "tests_require",
        "setup_requires",
        "use_2to3",
        "ext_modules",
        "cffi_modules",
        "rust_extensions",
        "use_scm_version",
        "test_suite",
    }
)

Reader = Callable[[str], str | None]
"""Path relative to the folder of ``setup.py`` -> text, or ``None``."""


def read_setup_py(text: str, reader: Reader) -> dict[str, Any]:
    """Evaluated arguments of the ``setup`` call; a presence-only argument is ``True`` when not evaluable."""
    tree = parse(text)
    if tree is None:
        return {}
    evaluator = _Evaluator(reader)
    evaluator.run(tree.body)
    found: dict[str, Any] = {}
    for call in (node for node in ast.walk(tree) if _is_setup(node)):
        assert isinstance(call, ast.Call)
        for keyword in call.keywords:
            evaluator.take(keyword, found)
    return {name: value for name, value in found.items() if name in WANTED and value is not UNKNOWN}


def _is_setup(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name == "setup"


def _condition(test: ast.expr) -> bool | None:
    """Truth of ``sys.version_info <op> (3, …)`` and of ``sys.version_info[0] <op> 3`` on a modern 3.x."""
    if not isinstance(test, ast.Compare) or "version_info" not in ast.dump(test.left):
        return None
    try:
        bound = ast.literal_eval(test.comparators[0])
    except (ValueError, TypeError):
        return None
    bound = bound if isinstance(bound, tuple) else (bound,)
    if not all(isinstance(part, int) for part in bound):
        return None
    modern = (3, 8, 0, "final", 0)[: len(bound)]
    match test.ops[0]:
        case ast.Lt() | ast.LtE():
            return modern < bound
        case ast.Gt() | ast.GtE():
            return modern >= bound
        case ast.Eq():
            return modern == bound
    return None


class _Evaluator:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._names: dict[str, Any] = {}

    def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._assign(target, self.value(value))
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assign(target, self.value(value))
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value):
                    self._names[name] = _add(self._names.get(name, UNKNOWN), self.value(value))
                case ast.Expr(value=ast.Call() as call):
                    self._mutate(call)
                case ast.If(test=test, body=then, orelse=otherwise):
                    truth = _condition(test)
                    if truth is not False:
                        self.run(then)
                    if truth is not True:
                        self.run(otherwise)
                case ast.With(body=inner) | ast.Try(body=inner):
                    self.run(inner)
                case ast.FunctionDef(name="setup_package" | "main" | "run_setup" | "do_setup", body=inner):
                    self.run(inner)

    def take(self, keyword: ast.keyword, found: dict[str, Any]) -> None:
        """One argument of the ``setup`` call, ``**mapping`` included."""
        value = self.value(keyword.value)
        if keyword.arg is None:
            if isinstance(value, dict):
                found.update(value)
        elif value is not UNKNOWN:
            found[keyword.arg] = value
        elif keyword.arg in {"ext_modules", "cffi_modules", "rust_extensions", "use_scm_version"}:
            found[keyword.arg] = True

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self._names[name] = value
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                key, holder = self.value(index), self._names.get(name)
                if isinstance(holder, dict) and isinstance(key, str) and value is not UNKNOWN:
                    holder[key] = value

    def _mutate(self, call: ast.Call) -> None:
        match call.func:
            case ast.Attribute(value=target, attr="append" | "extend" | "update" as verb) if call.args:
                holder, value = self.value(target), self.value(call.args[0])
                if isinstance(holder, list) and verb == "append" and value is not UNKNOWN:
                    holder.append(value)
                elif isinstance(holder, list) and verb == "extend" and isinstance(value, list | tuple):
                    holder.extend(value)
                elif isinstance(holder, dict) and verb == "update" and isinstance(value, dict):
                    holder.update(value)

    def value(self, node: ast.expr) -> Any:
        """The value of an expression, or ``UNKNOWN``."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._names.get(name, UNKNOWN)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._sequence(items)
            case ast.Dict(keys=keys, values=values):
                return self._mapping(keys, values)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _add(self.value(left), self.value(right))
            case ast.Subscript(value=holder, slice=index):
                return self._item(self.value(holder), self.value(index))
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return self.value(otherwise if _condition(test) is False else then)
            case ast.JoinedStr(values=parts):
                texts = [self.value(p.value if isinstance(p, ast.FormattedValue) else p) for p in parts]
                return UNKNOWN if any(not isinstance(t, str) for t in texts) else "".join(texts)
            case ast.Call():
                return self._call(node)
            case ast.ListComp():
                return self._requirement_lines(node)
        return UNKNOWN

    def _sequence(self, items: list[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for item in items:
            if isinstance(item, ast.Starred):
                inner = self.value(item.value)
                found.extend(inner if isinstance(inner, list) else ())
            else:
                found.append(self.value(item))
        return [value for value in found if value is not UNKNOWN]

    def _mapping(self, keys: list[ast.expr | None], values: list[ast.expr]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            evaluated = self.value(value)
            if key is None:
                found.update(evaluated if isinstance(evaluated, dict) else {})
            elif isinstance(name := self.value(key), str) and evaluated is not UNKNOWN:
                found[name] = evaluated
        return found

    @staticmethod
    def _item(holder: Any, index: Any) -> Any:
        try:
            return holder[index]
        except (KeyError, IndexError, TypeError):
            return UNKNOWN

    def _call(self, node: ast.Call) -> Any:
        match node.func:
            case ast.Name(id="dict"):
                return {
                    k.arg: v for k in node.keywords if k.arg and (v := self.value(k.value)) is not UNKNOWN
                }
            case ast.Name(id="list" | "sorted" | "set" | "tuple") if len(node.args) == 1:
                inner = self.value(node.args[0])
                return list(inner) if isinstance(inner, list | tuple) else self._requirement_lines(node)
            case ast.Attribute(value=holder, attr="strip" | "splitlines" | "split" as verb):
                text = self.value(holder)
                if isinstance(text, str):
                    arguments = [self.value(a) for a in node.args]
                    if all(isinstance(a, str) for a in arguments):
                        return getattr(text, verb)(*arguments)
        return self._requirement_lines(node)

    def _requirement_lines(self, node: ast.expr) -> Any:
        """Lines of the requirements file that the expression mentions by name."""
        for constant in (item for item in ast.walk(node) if isinstance(item, ast.Constant)):
            if not isinstance(constant.value, str) or not re.search(r"\.(txt|in|pip|reqs)$", constant.value):
                continue
            path = posixpath.normpath(constant.value)
            parts = [
                c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)
            ]
            for name in dict.fromkeys(
                (path, posixpath.join(*(p for p in parts if p and not p.startswith("/"))))
            ):
                text = self._reader(name)
                if text is not None:
                    lines = (re.split(r"(?:^|\s)#", line)[0].strip() for line in text.splitlines())
                    return [line for line in lines if line and not line.startswith("-")]
        return UNKNOWN


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return [*left, *right]
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and right is UNKNOWN:
        return left
    if isinstance(right, list) and left is UNKNOWN:
        return right
    return UNKNOWN
