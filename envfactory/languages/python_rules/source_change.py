"""Does a change of Python files change what they do, what they check, or one test's own source?

Compares syntax, so comments, docstrings and layout never count.  In doubt it says that something
changed: a container decides then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.syntax import definitions, dump, normal_form, parse

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

_TEST = re.compile(r"^\s*(?:async\s+)?def\s+test|^\s*class\s+\w*Test", re.MULTILINE)
_PYTHON = (".py", ".pyi")


def changes_behaviour(base: Tree, after: Tree, source_paths: Sequence[str]) -> bool:
    """False when every file has the same syntax on both sides (``.pyi`` files never matter)."""
    return any(_differs(base, after, path) for path in source_paths if not path.endswith(".pyi"))


def has_new_checks(base: Tree, after: Tree, modules: Sequence[str]) -> bool:
    """False when no test, fixture or helper is new or changed: only removals, layout or comments."""
    return any(_adds_checks(base, after, path) for path in modules)


def same_source(base: Tree, after: Tree, test_ids: Sequence[str]) -> Mapping[str, bool]:
    """Per pytest id (``path::Class::test[param]``): is that function the same in both trees."""
    forms: dict[tuple[str, str], dict[str, str]] = {}
    same = {}
    for test_id in test_ids:
        path, _, names = test_id.partition("::")
        qualified = ".".join(re.sub(r"\[.*", "", names, flags=re.DOTALL).split("::"))
        sides = []
        for label, tree in (("base", base), ("after", after)):
            if (label, path) not in forms:
                forms[label, path] = _function_forms(tree.text(path))
            sides.append(forms[label, path].get(qualified))
        same[test_id] = sides[0] is not None and sides[0] == sides[1]
    return same


def _differs(base: Tree, after: Tree, path: str) -> bool:
    if base.blob(path) == after.blob(path):
        return False
    if not path.endswith(".py"):
        return True
    old, new = base.text(path), after.text(path)
    if old is None or new is None:
        return bool((old or new or "").strip())
    old_form, new_form = normal_form(old), normal_form(new)
    if old_form is None or new_form is None:
        return old.split() != new.split()
    return old_form != new_form


def _adds_checks(base: Tree, after: Tree, path: str) -> bool:
    new, old = after.text(path), base.text(path)
    if not after.exists(path) or base.blob(path) == after.blob(path):
        return False
    if new is None or not path.endswith(_PYTHON):
        return True
    if old is None:
        return _TEST.search(new) is not None or base.exists(path)
    old_module, new_module = parse(old), parse(new)
    if old_module is None or new_module is None:
        return old.split() != new.split()
    before = _pieces(old_module)
    return any(piece not in before for piece in _pieces(new_module))


def _pieces(module: ast.Module) -> set[str]:
    """Statements of a module, classes cut into theirs, so that removing some leaves the others equal."""
    pieces = set()
    for statement in module.body:
        if isinstance(statement, ast.ClassDef):
            members, statement.body = statement.body, [ast.Pass()]
            head = dump(statement)
            pieces.add(head)
            pieces |= {head + dump(member) for member in members if not _is_docstring(member)}
        elif not _is_docstring(statement):
            pieces.add(dump(statement))
    return {piece for piece in pieces if piece}


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _function_forms(text: str | None) -> dict[str, str]:
    module = parse(text)
    if module is None:
        return {}
    return {
        name: dump(node)
        for name, node in definitions(module, depth=4).items()
        if not isinstance(node, ast.ClassDef)
    }
