"""Which test modules exercise a given file: those that mention a data file, or test a source file.

Works by names and text alone; bounded, nearest modules first, and the same answer every time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from posixpath import basename, commonpath, dirname, splitext
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.testfiles import Layout, layout

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

MODULES_READ = 400
PER_FILE = 4
IN_ALL = 12
_DATA_FILES = 60
_ORDINARY = {
    "data",
    "files",
    "tests",
    "test",
    "input",
    "output",
    "expected",
    "cases",
    "valid",
    "invalid",
    "init",
}


def test_modules(after: Tree, touched: Sequence[str]) -> tuple[str, ...]:
    """Modules to run for a change of these test files, in path order.

    Touched test modules come as they are; a data file (or helper) brings the modules that mention it,
    unless a touched module already does.
    """
    places = layout(after)
    modules = [path for path in touched if after.exists(path) and places.is_test_module(path)]
    others = [path for path in touched if path not in modules and basename(path) != "__init__.py"]
    support = [path for path in others if path.endswith(".py")]
    data = _thinned([path for path in others if not path.endswith(".py")])
    if modules:
        support = []  # a touched module that needs a changed helper is run anyway
    driven: Counter[str] = Counter()
    for path in [*data, *support]:
        found = _drivers(after, places, path, guess=not modules)
        if not set(found) & set(modules):
            driven.update(found)
    best = sorted(driven, key=lambda path: (-driven[path], path))[:IN_ALL]
    return tuple(sorted({*modules, *best}))


def related_modules(
    after: Tree, source_paths: Sequence[str], test_modules: Sequence[str], limit: int
) -> tuple[str, ...]:
    """Further test modules for touched source: of the same name, then those that import it."""
    places = layout(after)
    scores: Counter[str] = Counter()
    candidates = [path for path in places.test_modules if path not in test_modules]
    for source in source_paths:
        if not source.endswith((".py", ".pyx", ".pyi")) or not after.exists(source):
            continue
        imports = _import_pattern(source)
        for path in _nearest(candidates, source)[:MODULES_READ]:
            named = _same_name(source, path)
            text = after.text(path) or ""
            imported = imports is not None and imports.search(text) is not None
            scores[path] += 4 * named + 2 * imported + (1 if named and _near(path, source) else 0)
    ranked = sorted((path for path in scores if scores[path]), key=lambda path: (-scores[path], path))
    return tuple(ranked[: max(limit, 0)])


def _drivers(tree: Tree, places: Layout, path: str, *, guess: bool) -> list[str]:
    """Modules that mention ``path``, directly or through one helper; else, as a guess, its neighbours."""
    area = places.area(path) or dirname(path)
    near = [module for module in places.test_modules if not area or module.startswith(f"{area}/")]
    near = _nearest(near or list(places.test_modules), path)[:MODULES_READ]
    found = _mentioning(tree, near, path)
    if not found and not path.endswith(".py"):
        helpers = [name for name in tree.paths() if name.startswith(f"{area}/") and name.endswith(".py")]
        for helper in _mentioning(tree, [name for name in helpers if name not in near][:MODULES_READ], path)[
            :2
        ]:
            found += [module for module in _mentioning(tree, near, helper) if module not in found]
    if not found and guess:
        found = [module for module in near if dirname(module) == dirname(path)]
    return found[:PER_FILE]


def _mentioning(tree: Tree, modules: Iterable[str], path: str) -> list[str]:
    """Those of ``modules`` with the strongest mention of ``path``: its name, its stem, a folder of it."""
    stem = splitext(basename(path))[0]
    if path.endswith(".py"):
        words = [_helper_words(tree, path)] if stem == "conftest" else [rf"\b{re.escape(stem)}\b"]
    else:
        folders = [part for part in reversed(dirname(path).split("/")) if part.lower() not in _ORDINARY]
        weak = [
            part
            for part in reversed(dirname(path).split("/"))
            if part.lower() in _ORDINARY - {"tests", "test"}
        ]
        words = [re.escape(basename(path))]
        words += [rf"\b{re.escape(stem)}\b"] if len(stem) > 3 and stem.lower() not in _ORDINARY else []
        words += [rf"[\"'/]{re.escape(folder)}[\"'/]" for folder in [*folders, *weak] if folder]
    modules = list(modules)
    for word in filter(None, words):
        pattern = re.compile(word)
        found = [module for module in modules if pattern.search(tree.text(module) or "")]
        if found:
            return found
    return []


def _helper_words(tree: Tree, path: str) -> str:
    """A pattern for the fixtures that a ``conftest.py`` defines."""
    text = tree.text(path) or ""
    names = re.findall(r"@(?:pytest\.)?fixture[^\n]*\n(?:@[^\n]*\n)*\s*(?:async\s+)?def\s+(\w+)", text)
    return rf"\b(?:{'|'.join(sorted(set(names)))})\b" if names else ""


def _thinned(paths: Sequence[str]) -> list[str]:
    """All paths, or one of each folder and ending where there are very many."""
    if len(paths) <= _DATA_FILES:
        return list(paths)
    kinds = {(dirname(path), splitext(path)[1]): path for path in reversed(paths)}
    return sorted(kinds.values())[:_DATA_FILES]


def _nearest(modules: Sequence[str], path: str) -> list[str]:
    return sorted(modules, key=lambda module: (-_shared(module, path), module))


def _shared(one: str, other: str) -> int:
    """How many leading folders two paths share."""
    shared = (
        commonpath([dirname(one) or ".", dirname(other) or "."]) if dirname(one) and dirname(other) else ""
    )
    return len(shared.split("/")) if shared else 0


def _near(module: str, source: str) -> bool:
    return _shared(module, source) > 0


def _same_name(source: str, module: str) -> bool:
    stem = splitext(basename(source))[0].strip("_")
    if stem == "init":
        stem = basename(dirname(source)).strip("_")
    name = splitext(basename(module))[0]
    return len(stem) > 1 and re.search(rf"(?:^|_){re.escape(stem)}(?:_|$)", name) is not None


def _import_pattern(source: str) -> re.Pattern[str] | None:
    """Matches ``import a.b.c`` and ``from a.b import c`` for a source file ``…/a/b/c.py``."""
    parts = splitext(source)[0].split("/")
    if parts[0] in {"src", "lib", "python"}:
        parts = parts[1:]
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    whole = re.escape(".".join(parts))
    if len(parts) == 1:
        return re.compile(rf"^\s*(?:import|from)\s+{whole}\b", re.MULTILINE)
    parent, last = re.escape(".".join(parts[:-1])), re.escape(parts[-1])
    return re.compile(rf"\b{whole}\b|from\s+{parent}\s+import\s+[^#]*?\b{last}\b")
