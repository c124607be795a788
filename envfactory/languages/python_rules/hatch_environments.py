"""Hatch environments that run tests: their dependencies, extras, groups, variables and scripts.

Read from ``[tool.hatch.envs]`` and from ``hatch.toml``. An environment inherits from its template
(``default`` unless it says otherwise); which environment tests is told by its name or by what its
scripts run.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.tox_names import OTHER_WORK, versions_of

TESTS = re.compile(r"(?:^|[-_])(?:hatch-)?(?:py)?tests?(?:ing)?(?:$|[-_])|^unit", re.IGNORECASE)
RUNNERS = re.compile(r"\b(?:pytest|unittest|nose2?|trial|stestr|runtests|manage\.py test|django)\b")
DEEPEST = 6


@dataclass(frozen=True)
class HatchEnvironment:
    """One environment with what it inherits."""

    source: Source
    name: str
    dependencies: tuple[Cited, ...] = ()
    features: tuple[Cited, ...] = ()
    groups: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    scripts: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """CPython versions of its matrix."""

    @property
    def tests(self) -> bool:
        """Whether it is for tests."""
        runs = any(RUNNERS.search(script) for script in self.scripts)
        return TESTS.search(self.name) is not None or (runs and not OTHER_WORK.search(self.name))


def read_hatch(project: Project) -> tuple[HatchEnvironment, ...]:
    """The environments that run tests, those named for it first."""
    source, table = _table(project)
    found = [_environment(source, table, name) for name in table if isinstance(table[name], dict)]
    return tuple(sorted((item for item in found if item.tests), key=lambda item: not TESTS.search(item.name)))


def _table(project: Project) -> tuple[Source, dict[str, Any]]:
    own = project.source("hatch.toml")
    if own is not None:
        try:
            data = tomllib.loads(own.content).get("envs")
        except tomllib.TOMLDecodeError:
            data = None
        if isinstance(data, dict):
            return own, data
    return project.pyproject.source, project.pyproject.table("tool", "hatch", "envs")


def _environment(source: Source, table: dict[str, Any], name: str) -> HatchEnvironment:
    settings = _inherited(table, name, 0)
    heading = f"envs.{name}"
    wanted = [*_strings(settings.get("dependencies")), *_strings(settings.get("extra-dependencies"))]
    variables = settings.get("env-vars")
    matrix = settings.get("matrix")
    versions = (
        [
            version
            for row in matrix
            if isinstance(matrix, list) and isinstance(row, dict)
            for version in _strings(row.get("python"))
        ]
        if isinstance(matrix, list)
        else []
    )
    return HatchEnvironment(
        source=source,
        name=name,
        dependencies=source.cite_all(wanted, heading),
        features=source.cite_all(_strings(settings.get("features")), heading, "features"),
        groups=tuple(_strings(settings.get("dependency-groups"))),
        env=tuple((key, value) for key, value in variables.items() if isinstance(value, str))
        if isinstance(variables, dict)
        else (),
        scripts=tuple(_scripts(settings.get("scripts"))),
        versions=versions_of(versions),
    )


def _inherited(table: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
    own = table.get(name)
    settings = dict(own) if isinstance(own, dict) else {}
    # Hatch's own environment for tests inherits nothing.
    template = str(settings.get("template", name if name == "hatch-test" else "default"))
    if template == name or settings.get("detached") or template not in table or depth > DEEPEST:
        return settings
    return {**_inherited(table, template, depth + 1), **settings}


def _scripts(value: Any) -> Iterator[str]:
    for script in value.values() if isinstance(value, dict) else ():
        yield from [script] if isinstance(script, str) else _strings(script)


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
