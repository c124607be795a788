"""Third-party modules that the tests of a repository import, wherever in a file they do.

A test module that guards an import (``try: import x``) says what it can do without and may still break
in a way that no longer names the module.  Read from syntax trees; nothing is imported.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.syntax import parse

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

_TEST = re.compile(r"(?:^|/)(?:conftest|test_[^/]*|[^/]*_tests?)\.py$|(?:^|/)tests?/[^/]*\.py$")
MOST_FILES = 300
"""Enough for nearly every repository; reading more takes longer than what it might find is worth."""
NEVER = frozenset({"pytest", "_pytest", "py", "setuptools", "pkg_resources", "distutils", "__main__"})


def imported_by_tests(tree: Tree) -> tuple[str, ...]:
    """Top-level module names, sorted; those of the standard library and of the repository left out."""
    paths = tree.paths()
    own = _own_names(paths)
    found: set[str] = set()
    for path in [path for path in paths if _TEST.search(path)][:MOST_FILES]:
        found.update(_imports(tree.text(path) or ""))
    return tuple(sorted(found - own - NEVER - sys.stdlib_module_names))


def _own_names(paths: Sequence[str]) -> set[str]:
    """Everything of the repository that an import could mean: folders and modules at any depth."""
    names: set[str] = set()
    for path in paths:
        if path.endswith((".py", ".pyx", ".pyi", ".so", ".c")):
            names.update(path.split("/")[:-1])
            names.add(posixpath.basename(path).partition(".")[0])
    return names


def _imports(text: str) -> Iterator[str]:
    module = parse(text)
    for node in ast.walk(module) if module else ():
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
