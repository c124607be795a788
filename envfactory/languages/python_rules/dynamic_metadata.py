"""Dependencies that ``pyproject.toml`` leaves to files: setuptools' ``dynamic`` table, hatch's plug-in.

Reads the named files as requirements files; what a build back-end would compute otherwise is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.pyproject import Pyproject

Read = Callable[[str], Iterable[Cited]]
"""Reads a requirements file of the project's folder."""
HATCH_HOOK = ("tool", "hatch", "metadata", "hooks", "requirements_txt")


def dynamic_dependencies(data: Pyproject, read: Read) -> tuple[Cited, ...]:
    """Run-time dependencies from the files that the table names; empty when it names none."""
    named = data.table("tool", "setuptools", "dynamic").get("dependencies")
    return _listed(read, _files(named) or data.strings(*HATCH_HOOK, "files"))


def dynamic_extras(data: Pyproject, read: Read) -> dict[str, tuple[Cited, ...]]:
    """Extras by name, each from the files that the table names."""
    tables = {
        **data.table("tool", "setuptools", "dynamic", "optional-dependencies"),
        **data.table(*HATCH_HOOK, "optional-dependencies"),
    }
    return {name: _listed(read, _files(value)) for name, value in tables.items()}


def _files(value: Any) -> list[str]:
    named = value.get("file", value.get("files")) if isinstance(value, dict) else value
    named = [named] if isinstance(named, str) else named
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _listed(read: Read, names: list[str]) -> tuple[Cited, ...]:
    return tuple(cited for name in names for cited in read(name))
