"""What building a project needs and its maintainers did not declare.

Before PEP 518 there was no place to declare it: ``setup.py`` imports what it needs, extension sources
lie there as Cython.  Read from the tree, and from what a failed build says; nothing is run here.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.import_names import distribution_of
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.syntax import parse

if TYPE_CHECKING:
    from datetime import datetime

    from envfactory.timemachine import TimeMachine

TOOLS = {
    "Cython": "cython",
    "numpy": "numpy",
    "cffi": "cffi",
    "pybind11": "pybind11",
    "setuptools_rust": "setuptools-rust",
    "skbuild": "scikit-build",
    "pkgconfig": "pkgconfig",
    "jinja2": "jinja2",
    "packaging": "packaging",
    "six": "six",
}
"""Module -> distribution: what builds need even where the import stands in a ``try``."""
ALWAYS_THERE = frozenset({"setuptools", "distutils", "pkg_resources", "wheel", "_distutils_hack"})
WORDS = (
    (re.compile(r"(?i)\bcython\b[^\n]{0,60}\b(?:install|requir|need|must|not found|missing)"), "cython"),
    (re.compile(r"(?i)\b(?:install|requir|need|must|missing)\w*[^\n]{0,40}\bcython\b"), "cython"),
    (
        re.compile(r"(?i)\bnumpy\b[^\n]{0,40}\b(?:is required|must be installed|not found|needs to be)"),
        "numpy",
    ),
)
NO_MODULE = re.compile(r"No module named ['\"]?([A-Za-z_]\w*)")


def undeclared_build_requirements(project: Project) -> tuple[str, ...]:
    """Distributions that building needs, for a project that declares none itself."""
    if project.pyproject.table("build-system").get("requires"):
        return ()
    found = dict.fromkeys(_imported(project))
    if _cython_sources(project):
        found.setdefault("cython")
    elif not any(path.endswith(".pyx") for path in project.tree.paths()):
        found.pop("cython", None)  # it would compile Python as it is, and hide every change of that
    return tuple(found)


def asked_for(log: str, index: TimeMachine, cutoff: datetime) -> tuple[str, ...]:
    """Distributions that a failed build says it lacks."""
    found = [name for pattern, name in WORDS if pattern.search(log)]
    for module in NO_MODULE.findall(log):
        if module not in ALWAYS_THERE:
            found.append(TOOLS.get(module) or distribution_of(module, index, cutoff))
    return tuple(dict.fromkeys(name for name in found if name))


def _imported(project: Project) -> Iterator[str]:
    source = project.source("setup.py")
    module = parse(source.content if source else "")
    for node in ast.walk(module) if module else ():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top in TOOLS and not _own(project, top) and top not in sys.stdlib_module_names:
                yield TOOLS[top]


def _own(project: Project, module: str) -> bool:
    places = (f"{module}.py", f"{module}/__init__.py", f"src/{module}/__init__.py")
    return any(project.tree.exists(project.path(place)) for place in places)


def _cython_sources(project: Project) -> bool:
    """A ``.pyx`` file without the C file made of it."""
    prefix = "" if project.directory == "." else f"{project.directory}/"
    for path in project.tree.paths():
        stem, suffix = posixpath.splitext(path)
        if suffix == ".pyx" and path.startswith(prefix):
            made = (f"{stem}.c", f"{stem}.cpp")
            if not any(project.tree.exists(name) for name in made):
                return True
    return False
