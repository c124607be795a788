"""Whether a change takes effect only when the project is installed again.

An editable install shows changes of Python files at once; native sources, entry points, package
lists and build settings are fixed at install time.  Compares manifests by meaning, not by bytes.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.project import Project, project_directory
from envfactory.languages.python_rules.syntax import parse

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

NATIVE = re.compile(
    r"\.(c|cc|cpp|cxx|h|hh|hpp|hxx|pyx|pxd|pxi|rs|f|f90|f77|for|pyf|cu|asm|s|i|swg|l|y)$", re.IGNORECASE
)
NATIVE_MANIFESTS = re.compile(
    r"(^|/)(CMakeLists\.txt|meson\.build|meson_options\.txt|Cargo\.(toml|lock)|build\.rs|build\.py|_build\.py)$"
)
SETTINGS_TOOLS = (
    "setuptools",
    "poetry",
    "pdm",
    "hatch",
    "flit",
    "maturin",
    "meson-python",
    "scikit-build",
    "cibuildwheel",
)
CFG_SECTIONS = re.compile(r"^(options|metadata$|build_ext|files|entry_points|extension)")


def needs_rebuild(base: Tree, after: Tree, paths: Sequence[str]) -> bool:
    """True when a change of ``paths`` between the trees is invisible to an editable install."""
    directory = project_directory(base)
    old, new = Project(base, directory), Project(after, directory)
    native = _builds_native(old) or _builds_native(new)
    for path in paths:
        name = posixpath.basename(path)
        if native and (NATIVE.search(path) or NATIVE_MANIFESTS.search(path)):
            return True
        if path == old.path("setup.py") and _code(old) != _code(new):
            return True
        if path == old.path("setup.cfg") and _cfg(old) != _cfg(new):
            return True
        if path == old.path("pyproject.toml") and _pyproject(old) != _pyproject(new):
            return True
        if name == "MANIFEST.in" and _builds_native(old):
            return True
    return _top_level(base, directory) != _top_level(after, directory)


def builds_native(tree: Tree) -> bool:
    """True when installing the project compiles something."""
    return _builds_native(Project(tree, project_directory(tree)))


def _builds_native(project: Project) -> bool:
    text = " ".join(cited.value.lower() for cited in project.build_requires)
    if any(
        tool in text
        for tool in (
            "cython",
            "cffi",
            "maturin",
            "setuptools-rust",
            "scikit-build",
            "meson",
            "pybind11",
            "mypyc",
            "nanobind",
            "numpy",
        )
    ):
        return True
    declared = any(name in project.setup_py for name in ("ext_modules", "cffi_modules", "rust_extensions"))
    return (
        declared
        or _speaks_of_extensions(project)
        or bool(project.pyproject.strings("tool", "setuptools", "ext-modules"))
    )


def _speaks_of_extensions(project: Project) -> bool:
    """A ``setup.py`` that has words for extensions, computed elsewhere, in a tree with sources for them."""
    source = project.source("setup.py")
    if source is None or not re.search(r"\bext_modules\b|\bExtension\(|cythonize\(", source.content):
        return False
    return any(re.search(r"\.(?:pyx|c|cc|cpp|f|f90)$", path) for path in project.tree.paths())


def _code(project: Project) -> str:
    source = project.source("setup.py")
    text = source.content if source else ""
    module = parse(text)
    return text if module is None else ast.dump(module)


def _cfg(project: Project) -> dict[str, dict[str, str | None]]:
    cfg = project.setup_cfg
    return {name: dict(cfg.items(name)) for name in cfg.sections() if CFG_SECTIONS.match(name)}


def _pyproject(project: Project) -> dict[str, object]:
    data = project.pyproject
    settled: dict[str, object] = {
        "project": data.table("project"),
        "build-system": data.table("build-system"),
    }
    for name in SETTINGS_TOOLS:
        settled[name] = {
            key: value
            for key, value in data.table("tool", name).items()
            if key not in {"group", "dev-dependencies", "envs", "dependencies", "extras"}
        }
    project_table = dict(data.table("project"))
    for key in (
        "dependencies",
        "optional-dependencies",
        "classifiers",
        "keywords",
        "urls",
        "description",
        "authors",
    ):
        project_table.pop(key, None)
    settled["project"] = project_table
    return settled


def _top_level(tree: Tree, directory: str) -> frozenset[str]:
    """Packages that lie directly in the project's folder or its ``src``: what an editable install maps."""
    prefix = "" if directory == "." else f"{directory}/"
    found = set()
    for path in tree.paths():
        match = re.match(rf"^{re.escape(prefix)}(?:src/)?([A-Za-z_]\w*)/__init__\.py$", path)
        if match and not re.match(r"^(tests?|testing|docs?|examples?|benchmarks?|scripts)$", match.group(1)):
            found.add(match.group(1))
    return frozenset(found)
