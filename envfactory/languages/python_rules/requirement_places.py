"""Where the requirements files of tests are kept: the usual names, then the habitual spellings.

Names only; the files are read in ``requirement_files``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, splitext

from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.tools import FILES

ENDS = frozenset({".txt", ".in", ".pip"})
LISTS = frozenset(
    {"requirements", "requirement", "requires", "require", "reqs", "req", "deps", "dependencies"}
)
TEST_WORDS = frozenset({"test", "tests", "testing", "unittest", "unittests", "pytest", "unit"})
DEVELOPMENT_WORDS = frozenset({"dev", "develop", "development", "devel", "ci", "all"})
_OTHER = """
doc docs rtd readthedocs lint linting style format formatting mypy typing types build release min
minimal minimum oldest low win windows osx mac macos gpu cuda py2 py27 pypy bench benchmark benchmarks
prod production deploy deployment examples example base optional constraints integration e2e upstream
nightly
"""
OTHER_WORDS = frozenset(_OTHER.split())
MOST = 12


def test_requirement_files(project: Project) -> Iterator[str]:
    """Paths within the project's folder, most telling first; those of the usual names need not exist."""
    yield from FILES
    prefix = "" if project.directory == "." else f"{project.directory}/"
    found = []
    for path in project.tree.paths():
        inside = path[len(prefix) :]
        if path.startswith(prefix) and inside.count("/") <= 2 and inside not in FILES:
            rank = _rank(inside)
            if rank is not None:
                found.append((rank, inside.count("/"), splitext(inside)[1] != ".txt", inside))
    yield from (name for *_, name in sorted(found)[:MOST])


test_requirement_files.__test__ = False  # type: ignore[attr-defined]  # pytest: not a test, whatever its name


def _rank(path: str) -> int | None:
    """0 for a list named for tests, 1 for one named for development, ``None`` for any other file."""
    stem, end = splitext(basename(path).lower())
    if end not in ENDS:
        return None
    words = set(re.split(r"[-_.]", stem))
    folders = set(re.split(r"[-_./]", dirname(path).lower()))
    if not LISTS & (words | folders) or OTHER_WORDS & (words | folders) or "constraints" in stem:
        return None
    if TEST_WORDS & (words | folders):
        return 0
    return 1 if DEVELOPMENT_WORDS & (words | folders) else None
