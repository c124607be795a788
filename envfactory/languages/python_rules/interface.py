"""Names that hidden tests use and the base tree lacks, with the signatures they must have.

Only definitions of the project's own code count: without them an agent could not know what to call.
Bodies are never shown, and neither is anything of the tests.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from envfactory.languages.protocol import FileKind
from envfactory.languages.python_rules.syntax import Definition, definitions, parse
from envfactory.languages.python_rules.testfiles import file_kinds

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

_FILES = 200
_LINES = 60


def interface(base: Tree, after: Tree, modules: Sequence[str]) -> str:
    """One line per name, ``file: signature``; '' when the tests need nothing new."""
    used = _used(after, modules) - _used(base, modules)
    lines: list[str] = []
    for path in _changed_sources(base, after):
        old, new = parse(base.text(path) or ""), parse(after.text(path))
        if new is None:
            continue
        known = _signatures(old) if old is not None else {}
        for name, signature in _signatures(new).items():
            last = name.rpartition(".")[2]
            wanted = last in used or (name.endswith(".__init__") and name.split(".")[-2] in used)
            if (wanted and name not in known) or (
                name in known and known[name] != signature and _new_parameters(known[name], signature) & used
            ):
                lines.append(f"{path}: {signature}")
        bound = _bound(new, path) - (_bound(old, path) if old is not None else set())
        lines += [f"{path}: {name}" for name in sorted(bound) if name in used and name not in known]
    return "\n".join(list(dict.fromkeys(lines))[:_LINES])


def _used(tree: Tree, modules: Sequence[str]) -> set[str]:
    """Identifiers, attributes, imported names and keyword arguments that these files use."""
    found: set[str] = set()
    for path in modules:
        module = parse(tree.text(path))
        for node in ast.walk(module) if module is not None else ():
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.alias):
                found.update(node.name.split("."))
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
    return found


def _changed_sources(base: Tree, after: Tree) -> list[str]:
    changed = [
        path
        for path, entry in after.entries.items()
        if path.endswith(".py") and base.entries.get(path) != entry and entry.mode.startswith("100")
    ][:_FILES]
    kinds = file_kinds(base, after, changed)
    return sorted(path for path in changed if kinds[path] is FileKind.SOURCE)


def _signatures(module: ast.Module) -> dict[str, str]:
    """Qualified name -> how it is called."""
    found = definitions(module)
    return {name: _signature(name, node) for name, node in found.items()}


def _signature(name: str, node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {name}({bases})" if bases else f"class {name}"
    prefix = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    shown = "".join(f"@{mark} " for mark in marks if mark in {"property", "classmethod", "staticmethod"})
    return f"{shown}{prefix} {name}({ast.unparse(node.args)}){returns}"


def _new_parameters(old: str, new: str) -> set[str]:
    """Parameter names that a signature gained."""
    before, after = (_parameters(signature) for signature in (old, new))
    return after - before


def _parameters(signature: str) -> set[str]:
    text = signature.split(" ", 1)[-1] if signature.startswith("@") else signature
    name = text.split("(")[0].split(" ")[-1]
    module = parse(f"{text.replace(name, 'f', 1)}: pass")
    return {node.arg for node in ast.walk(module) if isinstance(node, ast.arg)} if module else set()


def _bound(module: ast.Module, path: str) -> set[str]:
    """Names that a module assigns, and those that a package's ``__init__`` passes on."""
    found: set[str] = set()
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(statement, ast.ImportFrom) and path.endswith("__init__.py"):
            found |= {alias.asname or alias.name for alias in statement.names}
    return found
