"""Dependencies that ``pyproject.toml`` leaves to files: setuptools' ``dynamic`` table, hatch's plug-in.

Reads the named files as requirements files; what a build back-end would compute otherwise is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.requirement_files import read_requirements

if TYPE_CHECKING:
    from envfactory.languages.python_rules.project import Project

HATCH_HOOK = ("tool", "hatch", "metadata", "hooks", "requirements_txt")


def dynamic_dependencies(project: Project) -> tuple[Cited, ...]:
    """Run-time dependencies from the files that the table names; empty when it names none."""
    data = project.pyproject
    named = data.table("tool", "setuptools", "dynamic").get("dependencies")
    return _listed(project, _files(named) or data.strings(*HATCH_HOOK, "files"))


def dynamic_extras(project: Project) -> dict[str, tuple[Cited, ...]]:
    """Extras by name, each from the files that the table names."""
    data = project.pyproject
    tables = {
        **data.table("tool", "setuptools", "dynamic", "optional-dependencies"),
        **data.table(*HATCH_HOOK, "optional-dependencies"),
    }
    return {name: _listed(project, _files(value)) for name, value in tables.items()}


def _files(value: Any) -> list[str]:
    named = value.get("file", value.get("files")) if isinstance(value, dict) else value
    named = [named] if isinstance(named, str) else named
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []


def _listed(project: Project, names: list[str]) -> tuple[Cited, ...]:
    return tuple(
        cited for name in names for cited in read_requirements(project.tree, project.path(name)).requirements
    )
