"""The small mistakes: one function per operator, each from a node to what may stand in its place.

Operators are those of mutation testing's literature (comparison, connector, arithmetic, constant, return
value, removed statement, exception type), and ``argument``, since many fixes pass one more.  A mistake
that any run would notice at once, such as a removed import, is none of them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

NEGATED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
AT_THE_BOUNDARY: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
OTHER_ERROR, ITS_OTHER = "FloatingPointError", "BufferError"
"""Built-in exceptions that hardly any program raises or waits for."""

Mistake = Callable[[ast.AST], Iterator[ast.AST]]


def comparison(node: ast.AST) -> Iterator[ast.AST]:
    """``a < b`` becomes ``a >= b``, and ``a <= b``."""
    if isinstance(node, ast.Compare):
        for table in (NEGATED, AT_THE_BOUNDARY):
            if (kind := table.get(type(node.ops[0]))) is not None:
                yield _changed(node, ops=[kind(), *node.ops[1:]])


def negation(node: ast.AST) -> Iterator[ast.AST]:
    """``not a`` becomes ``a``; the condition of ``if``, ``while`` and ``x if a else y`` its opposite."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def condition(node: ast.AST) -> Iterator[ast.AST]:
    """A condition that is no comparison becomes its opposite (called on the condition itself)."""
    if isinstance(node, ast.expr) and not isinstance(node, ast.Compare | ast.UnaryOp | ast.Constant):
        yield ast.UnaryOp(op=ast.Not(), operand=node)


def connector(node: ast.AST) -> Iterator[ast.AST]:
    """``and`` becomes ``or``, and the other way round."""
    if isinstance(node, ast.BoolOp):
        yield _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    """``a + b`` becomes ``a - b``; texts are left alone, they cannot be subtracted."""
    if not isinstance(node, ast.BinOp) or any(map(_is_text_or_list, (node.left, node.right))):
        return
    if (kind := ARITHMETIC.get(type(node.op))) is not None:
        yield _changed(node, op=kind())


def constant(node: ast.AST) -> Iterator[ast.AST]:
    """A number one more, a truth value its opposite, a text empty (an empty one not)."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value=value + 1)
    elif isinstance(value, str):
        yield ast.Constant(value="" if value else "x")
    elif isinstance(value, bytes):
        yield ast.Constant(value=b"" if value else b"x")


def returned(node: ast.AST) -> Iterator[ast.AST]:
    """``return a`` becomes ``return None``."""
    if isinstance(node, ast.Return) and getattr(node.value, "value", node.value) is not None:
        yield ast.Return(value=ast.Constant(value=None))


def removed(node: ast.AST) -> Iterator[ast.AST]:
    """A statement with an effect is gone."""
    effect = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.Raise | ast.AugAssign | ast.Delete | ast.Continue | ast.Assert) or effect:
        yield ast.Pass()
    if isinstance(node, ast.Assign) and all(
        isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets
    ):
        yield ast.Pass()


def exception(node: ast.AST) -> Iterator[ast.AST]:
    """Another exception is raised (called on the ``raise`` statement)."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name | ast.Attribute) and ast.unparse(raised)[:1].isupper():
            other = ITS_OTHER if OTHER_ERROR in ast.unparse(raised) else OTHER_ERROR
            call = ast.Call(func=ast.Name(id=other), args=[], keywords=[])
            yield ast.Raise(exc=call, cause=node.cause)


def argument(node: ast.AST) -> Iterator[ast.AST]:
    """A keyword argument is not passed."""
    if isinstance(node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                yield _changed(node, keywords=[*node.keywords[:number], *node.keywords[number + 1 :]])


OPERATORS: Mapping[str, Mistake] = {
    "comparison": comparison,
    "negation": negation,
    "connector": connector,
    "arithmetic": arithmetic,
    "constant": constant,
    "returned": returned,
    "removed": removed,
    "exception": exception,
    "argument": argument,
}
"""``condition`` is not among them: it is for conditions alone, see ``mutation``."""


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _is_text_or_list(node: ast.expr) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return text or isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.Set | ast.Dict)
