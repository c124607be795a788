"""Equal variants in which neighbours that do not know of each other change places.

Only statements of the module itself, on whole lines, one after the other with nothing but blank lines
between them; never inside classes, where the order may be read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.python_oracle.reading import (
    Function,
    calm,
    fills_its_lines,
    has_telling_comment,
    parsed,
)

# fmt: off
QUIET = frozenset({
    "abc", "argparse", "base64", "bisect", "collections", "contextlib", "copy", "datetime", "decimal",
    "enum", "errno", "fnmatch", "fractions", "functools", "hashlib", "heapq", "io", "itertools", "json",
    "keyword", "math", "numbers", "operator", "os", "pprint", "queue", "random", "re", "shutil", "stat",
    "string", "struct", "subprocess", "sys", "tempfile", "textwrap", "threading", "time", "types",
    "uuid", "weakref", "zlib",
})
# fmt: on
"""Modules of the standard library since Python 3.0 whose import does nothing else."""
READS_ORDER = re.compile(r"\b(globals|vars|__dict__|__all__\s*=\s*\[\s*\w+\s+for|getmembers|dir)\b")

Independent = Callable[[ast.stmt, ast.stmt], bool]


def imports_reordered(source: ChangedSource) -> str | None:
    """Neighbouring imports of harmless standard modules, the other way round."""
    return _swapped(source, _imports_apart)


def functions_reordered(source: ChangedSource) -> str | None:
    """Neighbouring functions whose definition computes nothing, the other way round."""
    if any(READS_ORDER.search(text) for text in (source.text, *source.tests)):
        return None
    return _swapped(source, _functions_apart)


def _swapped(source: ChangedSource, independent: Independent) -> str | None:
    """The first pair of neighbours nearest to a changed line swapped; ``None`` without one."""
    module = calm(source)
    if module is None or not source.added:
        return None
    lines = source.text.split("\n")
    pairs = [
        (one, other)
        for one, other in zip(module.body, module.body[1:], strict=False)
        if independent(one, other) and _are_swappable(one, other, lines)
    ]
    if not pairs:
        return None
    one, other = min(pairs, key=lambda pair: min(abs(pair[0].lineno - line) for line in source.added))
    text = "\n".join(_swap(lines, one, other))
    return text if _is_the_swap(source, text, one, other) else None


def _imports_apart(one: ast.stmt, other: ast.stmt) -> bool:
    first, second = _bound(one), _bound(other)
    return bool(first) and bool(second) and not first & second


def _bound(statement: ast.stmt) -> frozenset[str]:
    """Names that a harmless import binds; nothing for other statements."""
    if isinstance(statement, ast.Import):
        modules = [alias.name for alias in statement.names]
        names = [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom) and not statement.level:
        modules = [statement.module or ""]
        names = [alias.asname or alias.name for alias in statement.names]
    else:
        return frozenset()
    return frozenset(names) if QUIET.issuperset(modules) and "*" not in names else frozenset()


def _functions_apart(one: ast.stmt, other: ast.stmt) -> bool:
    return (
        isinstance(one, Function)
        and isinstance(other, Function)
        and one.name != other.name
        and _computes_nothing(one)
        and _computes_nothing(other)
    )


def _computes_nothing(function: Function) -> bool:
    arguments = function.args
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    everything += [part for part in (arguments.vararg, arguments.kwarg) if part is not None]
    defaults = [*arguments.defaults, *(part for part in arguments.kw_defaults if part is not None)]
    return (
        not function.decorator_list
        and function.returns is None
        and all(argument.annotation is None for argument in everything)
        and all(isinstance(default, ast.Constant) for default in defaults)
        and not getattr(function, "type_params", None)
    )


def _are_swappable(one: ast.stmt, other: ast.stmt, lines: list[str]) -> bool:
    first, last = one.lineno - 1, other.end_lineno or 0
    between = lines[one.end_lineno or 0 : other.lineno - 1]
    whole = fills_its_lines(one, lines) and fills_its_lines(other, lines)
    return whole and not any(map(str.strip, between)) and not has_telling_comment(lines[first:last])


def _swap(lines: list[str], one: ast.stmt, other: ast.stmt) -> list[str]:
    first, middle = one.lineno - 1, one.end_lineno or 0
    second, last = other.lineno - 1, other.end_lineno or 0
    return [*lines[:first], *lines[second:last], *lines[middle:second], *lines[first:middle], *lines[last:]]


def _is_the_swap(source: ChangedSource, text: str, one: ast.stmt, other: ast.stmt) -> bool:
    """Whether the text is the source with exactly these two statements swapped."""
    before, after = parsed(source.text, source.toolchain), parsed(text, source.toolchain)
    if before is None or after is None or len(before.body) != len(after.body):
        return False
    place = next(n for n, node in enumerate(before.body) if node.lineno == one.lineno)
    forms = [ast.dump(node) for node in before.body]
    forms[place], forms[place + 1] = forms[place + 1], forms[place]
    return [ast.dump(node) for node in after.body] == forms
