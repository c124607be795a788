"""When two texts are the same program, and which lines a text's statements are on."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from types import CodeType
from typing import Any

from envfactory.languages.python_oracle.reading import parsed
from envfactory.languages.python_rules.syntax import compiling

UNSEEN = (ast.Global, ast.Nonlocal, ast.Pass, ast.Break, ast.Continue, ast.Try, ast.TryStar)
"""Statements that compilers may leave without a line of their own."""


def same_program(one: str, other: str, toolchain: str = "") -> bool:
    """Whether both texts have one syntax tree, docstrings and all, for the task's interpreter."""
    first, second = parsed(one, toolchain), parsed(other, toolchain)
    return first is not None and second is not None and ast.dump(first) == ast.dump(second)


def fingerprint(text: str) -> str | None:
    """Digest of the compiled text without positions; ``None`` if it does not compile here."""
    module = parsed(text)
    if module is None:
        return None
    with compiling():
        try:
            code = compile(_on_one_line(module), "<mutant>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return hashlib.sha256(repr(_form(code)).encode("utf-8", "surrogatepass")).hexdigest()


def _on_one_line(module: ast.Module) -> ast.Module:
    """The same without layout, which compilers look at for what they do about lines."""
    for node in ast.walk(module):
        if hasattr(node, "lineno"):
            for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"):
                setattr(node, name, 1)
    return module


def _form(code: CodeType) -> tuple[Any, ...]:
    constants = tuple(
        _form(constant) if isinstance(constant, CodeType) else (type(constant).__name__, _text(constant))
        for constant in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (code.co_name, code.co_code, constants, names, counts)


def _text(constant: object) -> str:
    if isinstance(constant, frozenset):  # of one order in every process
        return repr(sorted(map(repr, constant)))
    return repr(constant)


def behaviour(text: str | None) -> str | None:
    """One string for all texts that differ in comments, layout, docstrings and annotations alone."""
    module = parsed(text) if text is not None else None
    if module is None:
        return None
    for node in ast.walk(module):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not is_text(part)] or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
    return ast.dump(module)


def statements(text: str) -> tuple[range, ...]:
    """Lines of every statement that a run which reaches it is seen in; of compound ones their heads."""
    module = parsed(text)
    found = _statements(module) if module is not None else ()
    return tuple(sorted(found, key=lambda lines: (lines.start, lines.stop)))


def _statements(module: ast.Module) -> Iterator[range]:
    for node in ast.walk(module):
        if not isinstance(node, ast.stmt) or isinstance(node, UNSEEN) or is_text(node):
            continue
        if isinstance(node, ast.AnnAssign) and node.value is None:
            continue
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
            continue
        decorators = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
        body = getattr(node, "body", None)
        end = max(body[0].lineno - 1, node.lineno) if body else node.end_lineno or node.lineno
        yield range(min([node.lineno, *decorators]), end + 1)


def is_text(node: ast.AST) -> bool:
    """A docstring, or a string that is no more than a comment."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str | type(...))
    )
