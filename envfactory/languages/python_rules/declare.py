"""Two trees and a date in, a ``Declaration`` out: what the maintainers themselves say is needed.

Pure: reads the trees, runs nothing, asks no index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from envfactory.languages.declaration import Declaration, Requirement
from envfactory.languages.python_rules.build_needs import undeclared_build_requirements
from envfactory.languages.python_rules.ci_workflows import Job, read_ci
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.container_files import read_containers
from envfactory.languages.python_rules.dependencies import select_dependencies
from envfactory.languages.python_rules.interpreter import rank_interpreters
from envfactory.languages.python_rules.keying import normalised_manifests
from envfactory.languages.python_rules.lockfiles import read_lockfile
from envfactory.languages.python_rules.named_interpreter import named_interpreter
from envfactory.languages.python_rules.named_surroundings import (
    job_env,
    service_env,
    suggested_packages,
    suggested_services,
)
from envfactory.languages.python_rules.names import name_of, parse, released_name
from envfactory.languages.python_rules.project import Project, project_directory
from envfactory.languages.python_rules.pytest_settings import read_pytest_settings
from envfactory.languages.python_rules.rebuild import builds_native
from envfactory.languages.python_rules.runner import runner_arguments
from envfactory.languages.python_rules.selection import Selection
from envfactory.languages.python_rules.settings_module import PLUGIN, django_needs
from envfactory.languages.python_rules.test_imports import imported_by_tests
from envfactory.languages.python_rules.test_variables import TestHabits, mentioned
from envfactory.languages.python_rules.tools import PLAIN_FILES
from envfactory.languages.python_rules.translation import translations
from envfactory.records import Evidence

if TYPE_CHECKING:
    from envfactory.git.tree import Tree


def declare(base: Tree, after: Tree, when: datetime) -> Declaration:
    """What is needed to run the tests of ``after`` on ``base``, as of ``when``."""
    directory = project_directory(base)
    old, new = Project(base, directory), Project(after, directory)
    jobs = read_ci(after)
    interpreters, evidence = rank_interpreters(old, new, when, jobs)
    named = named_interpreter(base, after, when, newer_than=interpreters[0])
    if named is not None and named.value in interpreters:
        interpreters = tuple(dict.fromkeys((named.value, *interpreters)))
        evidence = (named, *evidence)
    selection = select_dependencies(old, new, interpreters[0], jobs)
    habits = TestHabits(new, interpreters[0], jobs)
    surroundings = _surroundings(new, habits, jobs, selection)
    constraints = _constraints(selection, old)
    settings = read_pytest_settings(after, directory)
    return Declaration(
        language="python",
        name=old.name or new.name,
        interpreters=interpreters,
        requirements=tuple(selection.requirements.values()),
        extras=tuple(selection.extras),
        groups=tuple(selection.groups),
        constraints=tuple(constraints),
        metadata={"": _texts(old.dependencies)}
        | {name: _texts(old.extras.get(name, ())) for name in selection.extras},
        build_backend=old.pyproject.build_backend,
        build_requirements=_build_requirements(old, new),
        manifests=normalised_manifests(old, _requirement_files(selection, old)),
        project_dir=directory,
        installable=old.installable,
        native=builds_native(base),
        test_imports=imported_by_tests(after),
        env=surroundings.env,
        test_args=(*runner_arguments(settings, directory), *habits.options()),
        suggested_packages=surroundings.packages,
        suggested_preparations=translations(old, jobs),
        suggested_env=surroundings.suggested,
        suggested_services=surroundings.services,
        evidence=(
            *evidence,
            *selection.extras.values(),
            *selection.groups.values(),
            *dict.fromkeys(constraints.values()),
            *surroundings.evidence,
            *_skipped(selection),
        ),
    )


@dataclass(frozen=True)
class _Surroundings:
    """What stands around the tests."""

    env: dict[str, str]
    suggested: dict[str, str]
    packages: tuple[str, ...]
    services: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def _surroundings(
    project: Project, habits: TestHabits, jobs: Sequence[Job], selection: Selection
) -> _Surroundings:
    """Variables by rule, and what only repairs try; adds the plug-in that a Django suite needs."""
    variables = habits.variables()
    asked = selection.has("django") or "django" in {name_of(cited.value) for cited in project.dependencies}
    needs = django_needs(project, habits, required=asked or "django" in project.name)
    if needs.plugin is not None and not selection.has(PLUGIN) and project.name != PLUGIN:
        why = needs.plugin.evidence("requirement", "tests of a Django project", PLUGIN)
        selection.requirements[PLUGIN] = Requirement(text=PLUGIN, group="plugin", evidence=why)
    for name, cited in needs.env.items():
        variables[name] = cited.evidence(f"variable {name}", "names the settings module", cited.value)
    everything = (*jobs, *read_containers(project.tree))
    set_by_jobs = job_env(jobs)
    heard = mentioned(project, set_by_jobs)
    set_by_jobs = {name: value for name, value in set_by_jobs.items() if name in heard}
    services = suggested_services(everything)
    notes = [
        Evidence(choice="suggested service", value=name, file=job.source.path, rule="beside the tests")
        for name, job in services.items()
    ]
    return _Surroundings(
        env={name: item.value for name, item in sorted(variables.items())},
        suggested={**service_env(everything), **set_by_jobs, **needs.suggested},
        packages=suggested_packages(everything),
        services=tuple(services),
        evidence=(*variables.values(), *notes),
    )


def _build_requirements(old: Project, new: Project) -> tuple[str, ...]:
    declared = [cited.value for project in (old, new) for cited in project.build_requires]
    build = dict.fromkeys(text for value in declared if (text := _plain(value)))
    known = {name_of(text) for text in build}
    return (*build, *(name for name in undeclared_build_requirements(old) if name not in known))


def _texts(items: tuple[Cited, ...]) -> tuple[str, ...]:
    return tuple(text for cited in items if (text := _plain(released_name(cited.value) or cited.value)))


def _plain(text: str) -> str:
    parsed = parse(text)
    return str(parsed) if parsed is not None and not parsed.url else ""


def _constraints(selection: Selection, project: Project) -> dict[str, Evidence]:
    """The repository's own lock, else the constraints files that its lists name."""
    locked = read_lockfile(project)
    if locked:
        first = locked[0]
        note = Evidence(
            choice="constraints",
            value=f"{len(locked)} versions",
            file=first.file,
            rule="the repository's lock",
        )
        return dict.fromkeys((cited.value for cited in locked), note)
    return {
        cited.value: cited.evidence("constraint", "constraints file")
        for cited in selection.constraints.values()
    }


def _requirement_files(selection: Selection, project: Project) -> tuple[str, ...]:
    named = {item.evidence.file for item in selection.requirements.values()}
    paths = {path for path in named if path.endswith((".txt", ".in", ".pip"))}
    script = project.source("setup.py")
    if script is not None and "requirements" in script.content:
        paths |= {project.path(name) for name in PLAIN_FILES}
    return tuple(sorted(paths))


def _skipped(selection: Selection) -> tuple[Evidence, ...]:
    if not selection.skipped:
        return ()
    names = ", ".join(sorted(name_of(name) for name in selection.skipped))
    return (Evidence(choice="left out", value=names, rule="no test environment needs it"),)
