"""What must be there before a test module can be collected: its plain imports, through own modules too.

A run names only the first missing module of each file, so that a project which wraps one library after
the other would be repaired one library at a time.  What is imported in a ``try``, an ``if`` or a function
is left out: it can be done without, or is named by the run.  Read from syntax trees; nothing is imported.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from posixpath import basename, dirname, join
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.syntax import parse

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

MOST_FILES = 300
"""Followed from one set of modules; reading more takes longer than another try."""


def needed_to_collect(tree: Tree, modules: Sequence[str]) -> tuple[str, ...]:
    """Dotted names of modules from elsewhere, sorted; those of the standard library left out."""
    own = _Own(tree.paths())
    waiting = list(dict.fromkeys(path for module in modules for path in own.run_for(module)))
    seen, needed = set(waiting), set[str]()
    while waiting and len(seen) <= MOST_FILES:
        path = waiting.pop()
        for statement in _imports(tree.text(path)):
            files, foreign = own.imported(path, statement)
            waiting += [file for file in files if file not in seen]
            seen.update(files)
            needed.update(foreign)
    return tuple(sorted(name for name in needed if name.partition(".")[0] not in sys.stdlib_module_names))


def _imports(text: str | None) -> Iterator[ast.Import | ast.ImportFrom]:
    """The statements that always run when a file is imported."""
    module = parse(text)
    for node in module.body if module else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


class _Own:
    """The Python files of a repository, and what imports mean among them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = frozenset(path for path in paths if path.endswith((".py", ".pyx")))
        packages = {dirname(path) for path in self._files if basename(path) == "__init__.py"}
        # What has no __init__.py is what sys.path may name: the top, src, tests.
        self._roots = sorted({folder for path in self._files for folder in _parents(path)} - packages)
        self._packages = {basename(folder) for folder in packages if dirname(folder) not in packages}

    def run_for(self, module: str) -> list[str]:
        """A test module and the files that its collection runs besides: what lies above it."""
        above = [join(folder, name) for folder in _parents(module) for name in ("conftest.py", "__init__.py")]
        return [module, *(path for path in above if path in self._files)]

    def imported(self, path: str, statement: ast.Import | ast.ImportFrom) -> tuple[list[str], list[str]]:
        """(own files that a statement in ``path`` runs, names from elsewhere that it needs)."""
        level, asked = 0, [[alias.name] for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            level, name = statement.level, statement.module or ""
            asked = [[name, *(f"{name}.{alias.name}" for alias in statement.names)]]
        files: list[str] = []
        foreign = []
        for names in asked:
            found = [file for name in names for file in self._files_of(path, level, name)]
            files += found
            if not found and not level and names[0].partition(".")[0] not in self._packages:
                foreign.append(names[0])
        return files, foreign

    def _files_of(self, path: str, level: int, name: str) -> list[str]:
        """The files that importing ``name`` runs, packages around it included; none if it is not own."""
        parts = [part for part in name.split(".") if part]
        for root in list(_parents(path))[level - 1 : level] if level else self._roots:
            stem = join(root, *parts)
            if {f"{stem}.py", f"{stem}.pyx", f"{stem}/__init__.py"} & self._files:
                around = [join(root, *parts[: count + 1]) for count in range(len(parts))]
                places = [f"{place}{end}" for place in around for end in ("/__init__.py", ".py")]
                return [place for place in places if place in self._files]
        return []


def _parents(path: str) -> Iterator[str]:
    """Every folder above a file, nearest first; the last is the top, an empty name."""
    while path:
        path = dirname(path)
        yield path
