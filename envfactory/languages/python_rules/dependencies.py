"""Which of the many lists of a repository a test environment is made from.

Order, measured to work best: extras, dependency groups and hatch environments named for tests; if there
are none, those named for development; if those bring no runner, the first of the usual requirements
files, tox's deps, ``tests_require`` and the groups of poetry and pdm together; else nox, ``Pipfile`` and
conda; else what the test jobs of continuous integration install. Then the plug-ins that pytest's options
imply, and what only the *after* tree requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from envfactory.languages.declaration import Requirement
from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.conda_files import read_conda
from envfactory.languages.python_rules.development_lists import read_pip_lines, read_pipfile
from envfactory.languages.python_rules.hatch_environments import read_hatch
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.languages.python_rules.nox_sessions import read_nox
from envfactory.languages.python_rules.plugins import implied_plugins
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.pytest_settings import read_pytest_settings
from envfactory.languages.python_rules.requirement_files import read_requirements
from envfactory.languages.python_rules.requirement_places import test_requirement_files
from envfactory.languages.python_rules.selection import Selection
from envfactory.languages.python_rules.tools import (
    DEVELOPMENT_NAMES,
    PLAIN_FILES,
    TEST_NAMES,
    left_out,
)
from envfactory.languages.python_rules.tox import read_tox, tox_groups
from envfactory.records import Evidence

RUNNERS = frozenset({"pytest", "nose", "nose2", "mock", "tox", "testtools"})


def select_dependencies(
    base: Project, after: Project, interpreter: str = "", jobs: Sequence[Job] = ()
) -> Selection:
    """Apply the order of the module docstring to both trees; ``jobs`` are those of continuous integration."""
    selection = Selection(base)
    for project in (base, after):
        lists = _Lists(project, interpreter, jobs, bounds=project is after)
        if _named(selection, lists, TEST_NAMES, mandatory=True):
            continue
        found = _named(selection, lists, DEVELOPMENT_NAMES, mandatory=False)
        # What is called "all" or "dev" and has no runner is for something else than tests.
        if not (found and _has_runner(selection, project)):
            _files_and_tools(selection, lists)
        for cited in project.tests_require:  # whatever else there is, this was written for the tests
            selection.add(cited, "tests_require")
    _newly_required(selection, base, after)
    if not base.installable or not (base.dependencies or selection.requirements):
        _plain_files(selection, base)
    for project in (base, after):
        settings = read_pytest_settings(project.tree, project.directory)
        for plugin, evidence in implied_plugins(settings).items():
            if not selection.has(plugin) and normalise(plugin) != base.name:
                item = Requirement(text=plugin, group="plugin", evidence=evidence)
                selection.requirements[plugin] = item
    _runner(selection)
    return selection


def _has_runner(selection: Selection, project: Project) -> bool:
    texts = [item.text for item in selection.requirements.values() if item.group == "test"]
    texts += [cited.value for name in selection.extras for cited in project.extras.get(name, ())]
    return any(name_of(text) in RUNNERS for text in texts)


@dataclass(frozen=True)
class _Lists:
    """One tree, and what else decides which of its lists count."""

    project: Project
    interpreter: str
    jobs: Sequence[Job]
    bounds: bool
    """Whether bounds of this tree count; those of the tree before the change may exclude what it adds."""


def _runner(selection: Selection) -> None:
    """pytest runs every project's tests, whatever the maintainers run them with."""
    if not selection.has("pytest") and selection.project.name != "pytest":
        evidence = Evidence(choice="requirement", value="pytest", rule="the runner of all tests")
        selection.requirements["pytest"] = Requirement(text="pytest", group="test", evidence=evidence)


def _named(selection: Selection, lists: _Lists, names: Iterable[str], *, mandatory: bool) -> bool:
    """Extras, dependency groups and tool groups of those names; true when there was any."""
    project = lists.project
    wanted = {normalise(name) for name in names}
    rule = "extra or group named for tests" if mandatory else "extra or group named for development"
    found = False
    for name, items in project.extras.items():
        if normalise(name) in wanted:
            found = True
            _take_extra(selection, project, name, items, rule, whole=mandatory)
    for name, items in project.pyproject.tool_groups.items():
        if normalise(name) in wanted:
            found = True
            for cited in items:
                selection.add(cited, f"tool group {name}", mandatory=mandatory)
    groups = {normalise(name) for name in _groups_of_tools(lists)} if mandatory else set()
    for name in project.pyproject.groups:
        if normalise(name) in wanted | groups:
            found = True
            # One that only a tool names may be for a version of something that is not out yet.
            named = mandatory and normalise(name) in wanted
            _take_group(selection, project, name, rule, mandatory=named)
    return (_take_hatch(selection, lists) if mandatory else False) or found


def _groups_of_tools(lists: _Lists) -> tuple[str, ...]:
    project = lists.project
    hatch = (name for environment in read_hatch(project)[:1] for name in environment.groups)
    return (*tox_groups(project.tree, project.directory, lists.interpreter), *hatch)


def _take_group(selection: Selection, project: Project, name: str, rule: str, *, mandatory: bool) -> None:
    for cited in project.pyproject.groups[name]:
        selection.add(cited, f"group {name}", mandatory=mandatory)
    place = project.pyproject.source.cite(name, "[dependency-groups]")
    selection.groups.setdefault(name, place.evidence("group", rule))


def _take_hatch(selection: Selection, lists: _Lists) -> bool:
    """The environment of hatch that tests, if it lists anything."""
    found = False
    for environment in read_hatch(lists.project)[:1]:
        rule = f"hatch environment {environment.name}"
        found |= selection.add_all(environment.dependencies, rule, mandatory=True)
        found |= selection.extra_all(environment.features, rule)
    return found


def _take_extra(
    selection: Selection, project: Project, name: str, items: tuple[Cited, ...], rule: str, *, whole: bool
) -> None:
    # A test extra is installed by name, as its maintainers do; of others only what tests may need.
    same = project is selection.project or name in selection.project.extras
    if whole and same:
        place = items[0] if items else Cited(name)
        selection.extra(name, place.with_value(name), rule)
    else:
        for cited in items:
            selection.add(cited, rule)


def _files_and_tools(selection: Selection, lists: _Lists) -> None:
    project, tree = lists.project, lists.project.tree
    found = _first_file(selection, project)
    tox = read_tox(tree, project.directory, lists.interpreter, bounds=lists.bounds)
    found |= selection.listed(tox, "deps of tox")
    found |= selection.add_all(project.tests_require, "tests_require")
    for name, items in project.pyproject.tool_groups.items():
        if not left_out(name) and name not in {"docs", "doc", "lint", "typing", "types"}:
            found |= selection.add_all(items, f"tool group {name}")
    if not found:
        found = selection.listed(read_nox(project), "session of nox")
        conda = (*read_pipfile(project), *read_conda(tree, lists.interpreter))
        found |= selection.add_all(conda, "development list")
    if not found:
        selection.listed(read_pip_lines(project, lists.jobs), "pip install of a test job")


def _first_file(selection: Selection, project: Project) -> bool:
    named = tuple(test_requirement_files(project))
    for name in dict.fromkeys((*named, *PLAIN_FILES)):
        listed = read_requirements(project.tree, project.path(name))
        # A plain requirements file counts only when it is visibly one for developers.
        tests = name in named or any(name_of(cited.value) in RUNNERS for cited in listed.requirements)
        if tests and (listed.requirements or listed.extras):
            return selection.listed(listed, f"requirements file {name}")
    return False


def _plain_files(selection: Selection, project: Project) -> None:
    for name in PLAIN_FILES:
        if project.tree.exists(project.path(name)):
            for cited in read_requirements(project.tree, project.path(name)).requirements:
                selection.add(cited, f"requirements file {name}", "runtime")
            return


def _newly_required(selection: Selection, base: Project, after: Project) -> None:
    """Dependencies, also of chosen extras, that the gold patch adds or changes."""
    old = {cited.value for cited in base.dependencies}
    new = [cited for cited in after.dependencies if cited.value not in old]
    for name in selection.extras:
        new += _added(base.extras, after.extras, name)
    for cited in new:
        selection.add(cited, "required by the merged manifests only", "runtime")


def _added(
    base: Mapping[str, tuple[Cited, ...]], after: Mapping[str, tuple[Cited, ...]], name: str
) -> list[Cited]:
    old = {cited.value for cited in base.get(name, ())}
    return [cited for cited in after.get(name, ()) if cited.value not in old]
