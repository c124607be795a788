"""The equal variant in which local variables of changed functions have other names.

Renamed are variables that nothing outside the function's own statements can see: no parameters, nothing
that a nested scope reads, nothing bound by an import, a ``def`` or an ``except``, and no name that stands
in a string of the function.  Undoing the renaming must give back the same syntax tree.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections import Counter
from collections.abc import Iterator, Mapping

from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.python_oracle.comparison import is_text
from envfactory.languages.python_oracle.reading import (
    ASKS_FOR_NAMES,
    LOOKS_AT_NAMES,
    Function,
    calm,
    changed_functions,
    parsed,
)
from envfactory.languages.python_rules.syntax import compiling
from envfactory.languages.source_text import Edit, Text, edited

SUFFIX = "_renamed"
CUSTOMARY = ("self", "cls")
"""Names that a compiler knows: ``__static_attributes__`` of a class lists what is set on ``self``."""
HARMLESS = ("property", "staticmethod", "classmethod", "abstractmethod", "override", "setter", "getter")
"""Decorators that do not look into the function; under others nothing is renamed."""


def renamed_locals(source: ChangedSource) -> str | None:
    """Every variable of changed functions that nobody else can see, under another name."""
    module = calm(source)
    if module is None or LOOKS_AT_NAMES.search(source.text):
        return None
    if any(ASKS_FOR_NAMES.search(text) for text in source.tests):
        return None
    tables = _tables(source.text)
    text, edits = Text(source.text.encode()), list[Edit]()
    for function in changed_functions(module, source):
        table = tables.get((function.name, function.lineno))
        if table is not None and all(map(_is_harmless, function.decorator_list)):
            for name, uses in _renamable(function, table).items():
                if re.search(rf"\b{name}{SUFFIX}\b", source.text) is None:
                    edits += [text.replaced(use, lambda told: told + SUFFIX.encode()) for use in uses]
    changed = edited(source.text.encode(), edits).decode()
    return changed if edits and _undone(changed, source) else None


def _tables(text: str) -> Mapping[tuple[str, int], symtable.Function]:
    """Function scopes by name and line; of two on one line neither."""
    with compiling():
        found = list(_below(symtable.symtable(text, "<source>", "exec")))
    counted = Counter((table.get_name(), table.get_lineno()) for table in found)
    return {key: table for table in found if counted[key := (table.get_name(), table.get_lineno())] == 1}


def _below(table: symtable.SymbolTable) -> Iterator[symtable.Function]:
    for child in table.get_children():
        if isinstance(child, symtable.Function):
            yield child
        yield from _below(child)


def _is_harmless(decorator: ast.expr) -> bool:
    name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
    return name in HARMLESS


def _renamable(function: Function, table: symtable.Function) -> dict[str, list[ast.expr]]:
    """Variable -> all places in the function where it stands."""
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_local()
        and not symbol.is_parameter()
        and not symbol.is_imported()
        and not symbol.is_namespace()
        and not symbol.is_annotated()
        and not symbol.get_name().startswith("_")
        and symbol.get_name() not in CUSTOMARY
    }
    names -= _seen_elsewhere(function)
    uses: dict[str, list[ast.expr]] = {name: [] for name in sorted(names)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in names:
            uses[node.id].append(node)
    return {name: found for name, found in uses.items() if found}


def _seen_elsewhere(function: Function) -> set[str]:
    """Names that stand in nested scopes, f-strings, strings, or where a name is no expression."""
    seen: set[str] = set()
    docstring = function.body[0] if is_text(function.body[0]) else None
    for node in ast.walk(function):
        scope = isinstance(node, Function | ast.ClassDef | ast.Lambda | ast.comprehension | ast.GeneratorExp)
        comprehension = isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp)
        if (scope and node is not function) or comprehension or isinstance(node, ast.JoinedStr):
            seen |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        is_docstring = node is getattr(docstring, "value", None)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_docstring:
            seen |= set(re.findall(r"\w+", node.value))
        for field in ("name", "names", "rest", "asname"):
            value = getattr(node, field, None)
            seen |= {
                part for part in (value if isinstance(value, list) else [value]) if isinstance(part, str)
            }
        if isinstance(node, ast.Delete):
            seen |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return seen


def _undone(changed: str, source: ChangedSource) -> bool:
    """Whether the text is the source once the new names are replaced by the old ones."""
    module, before = parsed(changed, source.toolchain), parsed(source.text, source.toolchain)
    if module is None or before is None:
        return False
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id.endswith(SUFFIX):
            node.id = node.id.removesuffix(SUFFIX)
    return ast.dump(module) == ast.dump(before)
