"""When a patch needs the install steps again."""

from __future__ import annotations

import pytest

from envfactory.languages import LANGUAGES, detect, python
from tests.languages.trees import MemoryTree

NATIVE = "[build-system]\nrequires = ['setuptools', 'cython']\n[project]\nname = 'x'\nversion = '1'\n"
PURE = "[build-system]\nrequires = ['setuptools']\n[project]\nname = 'x'\nversion = '1'\n"


@pytest.mark.parametrize(
    ("base", "after", "expected"),
    [
        ({"pyproject.toml": PURE, "x/__init__.py": "a"}, {"x/__init__.py": "b"}, False),
        ({"pyproject.toml": PURE, "x/a.c": "a"}, {"x/a.c": "b"}, False),
        ({"pyproject.toml": NATIVE, "x/a.pyx": "a"}, {"x/a.pyx": "b"}, True),
        ({"pyproject.toml": PURE}, {"pyproject.toml": PURE + "[tool.ruff]\nx = 1\n"}, False),
        ({"pyproject.toml": PURE}, {"pyproject.toml": PURE + "dependencies = ['six']\n"}, False),
        ({"pyproject.toml": PURE}, {"pyproject.toml": PURE + "[project.scripts]\nx = 'x:main'\n"}, True),
        ({"setup.py": "setup(name='x')"}, {"setup.py": "setup( name='x' )  # hi"}, False),
        ({"setup.py": "setup(name='x')"}, {"setup.py": "setup(name='x', packages=['y'])"}, True),
        ({"setup.cfg": "[flake8]\na=1\n", "setup.py": ""}, {"setup.cfg": "[flake8]\na=2\n"}, False),
        (
            {"setup.cfg": "[options]\npackages=x\n", "setup.py": ""},
            {"setup.cfg": "[options]\npackages=y\n"},
            True,
        ),
        ({"setup.py": "", "x/__init__.py": ""}, {"y/__init__.py": ""}, True),
        ({"setup.py": "", "x/__init__.py": ""}, {"x/y/__init__.py": ""}, False),
    ],
)
def test_needs_rebuild(base: dict[str, str], after: dict[str, str], expected: bool) -> None:
    old, new = MemoryTree(base), MemoryTree({**base, **after})
    assert python.needs_rebuild(old, new, sorted(after)) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"setup.py": ""}, "python"),
        ({"lib/pyproject.toml": ""}, "python"),
        ({"a/b.py": ""}, "python"),
        ({"package.json": "{}"}, None),
        ({}, None),
    ],
)
def test_detect(files: dict[str, str], found: str | None) -> None:
    assert detect(MemoryTree(files)) == found  # type: ignore[arg-type]
    assert set(LANGUAGES) == {"python"}
