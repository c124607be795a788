"""Which files of a Python project are tests, test data, source or something else.

Follows the project's own test configuration (``python_files``, ``testpaths``), then the usual names;
never "the path contains 'test'": ``sphinx/testing/`` and ``src/_pytest/`` are source, and a module
called ``test_client.py`` that defines no test is one too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from posixpath import basename, dirname, normpath, splitext
from typing import TYPE_CHECKING

from envfactory.languages.plain_files import plain_kind
from envfactory.languages.protocol import FileKind
from envfactory.languages.python_rules.pytest_settings import read_pytest_settings

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

DEFAULT_PATTERNS = ("test_*.py", "*_test.py")
LOOSE_PATTERNS = ("test*.py", "tests.py", "*_tests.py", "*tests.py")
"""Names that unittest, Django and nose projects use; trusted only where a test is defined."""

_DEFINES_TEST = re.compile(r"^\s*(?:async\s+)?def\s+test", re.MULTILINE)
_TEST_DIR = re.compile(r"(?:unit|functional|integration|e2e)?[-_]?tests?", re.IGNORECASE)
_TEST_PARENT = re.compile(rf"/{_TEST_DIR.pattern}/", re.IGNORECASE)
_SIDE_DIRS = re.compile(
    r"(?:^|/)(?:examples?|benchmarks?|asv_bench|bench|scripts?|tools?|ci|requirements|\.[^/]+)/"
)
_SOURCE_ENDS = {
    *(".py", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cu", ".rs"),
    *(".f", ".f90", ".go", ".js", ".ts", ".lark", ".g4", ".proto", ".peg", ".gram"),
}
_BUILD_FILES = {
    "setup.py",
    "noxfile.py",
    "conanfile.py",
    "meson.build",
    "CMakeLists.txt",
    "build.py",
    "fabfile.py",
}
_REQUIREMENTS = re.compile(r"(?:.*[-_/])?(?:requirements?|constraints?)(?:[-_./].*)?\.(?:txt|in|pip)")
_READ_AT_MOST = 60


class Layout:
    """Where the tests of one tree are."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._areas: dict[str, bool] = {}
        self._settings = {directory: read_pytest_settings(tree, directory) for directory in self._roots()}

    def _roots(self) -> list[str]:
        """Folders with a pytest configuration, deepest first, always with the top one."""
        names = {"pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"}
        found = {dirname(path) or "." for path in self._tree.paths() if basename(path) in names}
        shallow = [path for path in found if path.count("/") <= 2 and not _TEST_DIR.fullmatch(basename(path))]
        return [*sorted(set(shallow) - {"."}, key=lambda path: (-path.count("/"), path))[:40], "."]

    def _options(self, path: str) -> tuple[str, Mapping[str, str]]:
        """The nearest configuration above ``path`` that says anything, and its folder."""
        for directory, settings in self._settings.items():
            if settings.options and (directory == "." or path.startswith(f"{directory}/")):
                return directory, settings.options
        return ".", {}

    def patterns(self, path: str) -> tuple[str, ...]:
        """``python_files`` in force for ``path``."""
        return tuple(self._options(path)[1].get("python_files", "").split()) or DEFAULT_PATTERNS

    def has_test_name(self, path: str) -> bool:
        """True when pytest would collect a file of this name; patterns with ``/`` see the whole path."""
        return any(
            fnmatchcase(f"/{path}", f"*/{pattern}")
            if "/" in pattern
            else fnmatchcase(basename(path), pattern)
            for pattern in self.patterns(path)
        )

    @cached_property
    def _test_paths(self) -> frozenset[str]:
        found = set()
        for directory, settings in self._settings.items():
            for entry in settings.options.get("testpaths", "").split():
                found.add(normpath(f"{directory}/{entry}"))
        return frozenset(found)

    def area(self, path: str) -> str | None:
        """The outermost folder of tests that ``path`` lies in."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._areas:
                self._areas[folder] = self._is_area(folder)
            if self._areas[folder]:
                return folder
        return None

    def _is_area(self, folder: str) -> bool:
        name = basename(folder)
        plain = _TEST_DIR.fullmatch(name) is not None
        configured = any(fnmatchcase(folder, entry) for entry in self._test_paths)
        if not (plain or configured or "test" in name.lower()):
            return False
        inside = [path for path in self._python if path.startswith(f"{folder}/")]
        named = sum(1 for path in inside if self.has_test_name(path))
        if plain or (configured and name != "src" and not self._tree.exists(f"{folder}/__init__.py")):
            return named > 0 or any(self.defines_test(path) for path in inside[:_READ_AT_MOST])
        if "test" not in name.lower().removeprefix("pytest_"):  # the program itself, with its tests in it
            inside = [path for path in inside if not _TEST_PARENT.search(dirname(path[len(folder) :]) + "/")]
            named = sum(1 for path in inside if self.has_test_name(path))
        return named * 2 >= len(inside) > 0

    @cached_property
    def _python(self) -> tuple[str, ...]:
        return tuple(path for path in self._tree.paths() if path.endswith(".py"))

    def defines_test(self, path: str) -> bool:
        """True when the file has a function or method whose name begins with ``test``."""
        text = self._tree.text(path)
        return text is not None and _DEFINES_TEST.search(text) is not None

    def is_test_module(self, path: str) -> bool:
        """True for a file that the test runner is given."""
        if not path.endswith(".py") or basename(path) in {"conftest.py", "__init__.py", "setup.py"}:
            return False
        area = self.area(path)
        if self.has_test_name(path):
            return area is not None or self.defines_test(path)
        if area is None:
            return False
        loose = any(fnmatchcase(basename(path), pattern) for pattern in LOOSE_PATTERNS)
        return (loose or not self._has_named(area)) and self.defines_test(path)

    def _has_named(self, area: str) -> bool:
        return any(path.startswith(f"{area}/") and self.has_test_name(path) for path in self._python)

    @cached_property
    def test_modules(self) -> tuple[str, ...]:
        """Every test module of the tree."""
        return tuple(path for path in self._python if self.is_test_module(path))


@lru_cache(maxsize=6)
def layout(tree: Tree) -> Layout:
    """The layout of a tree, worked out once."""
    return Layout(tree)


def file_kinds(base: Tree, after: Tree, paths: Sequence[str]) -> Mapping[str, FileKind]:
    """Kind of every path; one that a change removes is judged where it still exists."""
    return {path: _kind(path, after if after.exists(path) else base) for path in paths}


def _kind(path: str, tree: Tree) -> FileKind:
    name = basename(path)
    if name == "conftest.py":
        return FileKind.TEST_DATA
    if layout(tree).is_test_module(path):
        return FileKind.TEST
    if layout(tree).area(path) is not None:
        return FileKind.TEST_DATA
    if name in _BUILD_FILES or _REQUIREMENTS.fullmatch(path) or name in {"Pipfile", "pytest.ini"}:
        return FileKind.CONFIG
    plain = plain_kind(path)
    words = plain in {FileKind.DOCS, FileKind.CHANGELOG}
    if plain is not None and not (words and _inside_package(path, tree)):
        return plain
    if _SIDE_DIRS.search(path):
        return FileKind.OTHER
    if splitext(name)[1].lower() in _SOURCE_ENDS or _inside_package(path, tree):
        return FileKind.SOURCE
    return FileKind.OTHER


def _inside_package(path: str, tree: Tree) -> bool:
    """True below a folder with an ``__init__.py``: templates, tables and type stubs are source too."""
    folder = dirname(path)
    while folder:
        if tree.exists(f"{folder}/__init__.py"):
            return True
        folder = dirname(folder)
    return False
