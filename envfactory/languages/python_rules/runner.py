"""How the tests are run: pytest with options that neutralise what would disturb a measurement.

The project's own options stay in force; only those are countered that hide results (stop at the
first failure), split the run over processes, shuffle it or measure coverage.  Nothing is run here.
"""

from __future__ import annotations

import re

from envfactory.languages.declaration import Declaration
from envfactory.languages.protocol import Collector
from envfactory.languages.python_rules.install import ENVIRONMENT
from envfactory.languages.python_rules.pytest_settings import PytestSettings

COMMAND = (
    f"{ENVIRONMENT}/bin/python",
    "-m",
    "pytest",
    "--continue-on-collection-errors",
    # The cache plug-in stays, other plug-ins and options (--lf) need it; its files stay out of the tree.
    "-o",
    "cache_dir=/tmp/pytest-cache",
    "--maxfail=0",
    "-p",
    "no:randomly",
)

COLLECTOR = Collector(resource="pytest_collector.py", args=("-p", "pytest_collector"))
TRACER = Collector(resource="pytest_tracer.py", args=("-p", "pytest_tracer"))

TEST_ENV = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
}

PROTECTED = (
    "conftest.py",
    "**/conftest.py",
    "pytest.ini",
    "**/pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "**/sitecustomize.py",
    "sitecustomize.py",
    "**/usercustomize.py",
    "usercustomize.py",
    "*.pth",
    "**/*.pth",
    ".coveragerc",
    "pytest.py",
    "pytest/__init__.py",
    "_pytest/__init__.py",
    "*.egg-info/**",
    "**/*.dist-info/**",
)
"""Paths that steer the runner or the interpreter rather than the program."""


def runner_arguments(settings: PytestSettings, directory: str) -> tuple[str, ...]:
    """Options that counter the project's own ``addopts``, each only where its plug-in must be there."""
    words = settings.addopts
    found: list[str] = []
    if any(re.match(r"--cov", word) for word in words):
        found.append("--no-cov")
    if any(re.match(r"-n($|\d|auto|logical)|--numprocesses|--dist", word) for word in words):
        found += ["-n0"]
    if any(re.match(r"--(lf|ff|nf|last-failed|failed-first|new-first|sw|stepwise)$", word) for word in words):
        found += ["--cache-clear"]
    if any(re.match(r"--random-order", word) for word in words):
        found += ["-p", "no:random_order"]
    if directory != ".":
        found += [f"--rootdir=/testbed/{directory}"]
    if settings.source.path and directory != ".":
        found += ["-c", f"/testbed/{settings.source.path}"]
    return tuple(found)


def test_command(declaration: Declaration) -> tuple[str, ...]:
    """Runner and fixed options; test modules are appended."""
    return (*declaration.test_prefix, *COMMAND, *declaration.test_args)


test_command.__test__ = False  # type: ignore[attr-defined]  # pytest: not a test, whatever its name
