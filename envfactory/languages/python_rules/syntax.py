"""Python source as comparable syntax: what is left of a file without comments, layout and docstrings.

Only parses, never runs or imports anything.  Sources that the running interpreter cannot parse
(Python 2, newer syntax) give ``None``; callers then assume the worst.
"""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

_LIMIT = 2_000_000
_PARSING = threading.Lock()
"""CPython before 3.12 keeps the depth of the tree that it makes in one place for all threads and raises
``SystemError`` when two are at it (https://github.com/python/cpython/issues/106905)."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@contextmanager
def compiling() -> Iterator[None]:
    """One thread at a time, without a word about odd literals: for whatever else calls the compiler."""
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse(text: str | bytes | None, feature: tuple[int, int] | None = None) -> ast.Module | None:
    """The syntax tree, or ``None`` for what cannot be parsed here.  Safe to call from many threads.

    ``feature`` is the version of an older Python whose syntax it must be, as far as ``ast`` can tell.
    """
    if text is None or len(text) > _LIMIT:
        return None
    with compiling():
        try:
            return ast.parse(text, feature_version=feature)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@lru_cache(maxsize=64)
def normal_form(text: str | None) -> str | None:
    """One string for all files of equal behaviour as far as syntax tells; ``None`` if unparsable."""
    module = parse(text)
    if module is None:
        return None
    try:
        return dump(module)
    except RecursionError:
        return None


def dump(node: ast.AST) -> str:
    """``ast.dump`` without positions and docstrings.  Changes ``node``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            body = inner.body
            if body and is_text(body[0]):
                # An empty body and one of a lone ``pass`` are the same once the docstring is gone.
                inner.body = body[1:] or ([] if isinstance(inner, ast.Module) else [ast.Pass()])
    return ast.dump(node)


def definitions(module: ast.Module, *, depth: int = 2) -> dict[str, Definition]:
    """Qualified name -> function or class, at module level and inside classes (also under ``if``)."""
    found: dict[str, Definition] = {}
    _collect(module.body, "", depth, found)
    return found


def _collect(body: list[ast.stmt], prefix: str, depth: int, found: dict[str, Definition]) -> None:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            found[prefix + statement.name] = statement
        elif isinstance(statement, ast.ClassDef):
            found[prefix + statement.name] = statement
            if depth > 1:
                _collect(statement.body, f"{prefix}{statement.name}.", depth - 1, found)
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            for field in ("body", "orelse", "finalbody"):
                _collect(getattr(statement, field, []), prefix, depth, found)
            for handler in getattr(statement, "handlers", []):
                _collect(handler.body, prefix, depth, found)


def is_text(node: ast.stmt) -> bool:
    """A string that stands alone, such as documentation."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
