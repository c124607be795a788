"""Which of the many lists of a repository a test environment is made from.

Order, measured to work best: extras and dependency groups named for tests; if there are none, those named
for development; if there are none either, the first of the usual requirements files, tox's deps,
``tests_require`` and the groups of poetry, pdm and hatch together; else ``Pipfile``, nox and conda.
Then the plug-ins that pytest's options imply, and what only the *after* tree requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement as Parsed

from envfactory.languages.declaration import Requirement, RequirementGroup
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.development_lists import read_conda, read_nox, read_pipfile
from envfactory.languages.python_rules.names import name_of, normalise, parse, released_name
from envfactory.languages.python_rules.plugins import implied_plugins
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.pytest_settings import read_pytest_settings
from envfactory.languages.python_rules.requirement_files import Listed, read_requirements
from envfactory.languages.python_rules.tools import (
    DEVELOPMENT_NAMES,
    FILES,
    PLAIN_FILES,
    TEST_NAMES,
    left_out,
)
from envfactory.languages.python_rules.tox import read_tox, tox_groups
from envfactory.records import Evidence

RUNNERS = frozenset({"pytest", "nose", "nose2", "mock", "tox", "testtools"})


@dataclass
class Selection:
    """What was chosen so far."""

    project: Project
    requirements: dict[str, Requirement] = field(default_factory=dict)
    extras: dict[str, Evidence] = field(default_factory=dict)
    groups: dict[str, Evidence] = field(default_factory=dict)
    constraints: dict[str, Cited] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def add(
        self, cited: Cited, rule: str, group: RequirementGroup = "test", *, mandatory: bool = False
    ) -> None:
        """A requirement unless it is left out; one that names the project asks for its extras."""
        text = released_name(cited.value) or cited.value
        parsed = parse(text)
        if parsed is None:
            return
        name = normalise(parsed.name)
        if name == self.project.name:
            for extra in sorted(parsed.extras):
                self.extra(extra, cited, rule)
        elif left_out(parsed.name) and group != "plugin":
            self.skipped.add(name)
        else:
            text = _without_address(parsed)
            evidence = cited.evidence("requirement", rule, text)
            self.requirements.setdefault(
                text, Requirement(text=text, group=group, mandatory=mandatory, evidence=evidence)
            )

    def extra(self, name: str, cited: Cited, rule: str) -> None:
        """An extra of the project, by the spelling that its metadata uses."""
        spelled = next((key for key in self.project.extras if normalise(key) == normalise(name)), None)
        if spelled:
            self.extras.setdefault(spelled, cited.evidence("extra", rule, spelled))

    def listed(self, listed: Listed, rule: str) -> None:
        """All that a requirements file or tox asks for."""
        for cited in listed.requirements:
            self.add(cited, rule)
        for cited in listed.extras:
            self.extra(cited.value, cited, rule)
        for cited in listed.constraints:
            self.constraints.setdefault(name_of(cited.value), cited)


def _without_address(parsed: Parsed) -> str:
    parsed.url = None
    return str(parsed)


def select_dependencies(base: Project, after: Project) -> Selection:
    """Apply the order of the module docstring to both trees."""
    selection = Selection(base)
    for project in (base, after):
        if _named(selection, project, TEST_NAMES, mandatory=True):
            continue
        found = _named(selection, project, DEVELOPMENT_NAMES, mandatory=False)
        useful = selection.extras or any(item.group == "test" for item in selection.requirements.values())
        if not (found and useful):
            _files_and_tools(selection, project)
    _newly_required(selection, base, after)
    if not base.installable or not (base.dependencies or selection.requirements):
        _plain_files(selection, base)
    for project in (base, after):
        for plugin, evidence in implied_plugins(
            read_pytest_settings(project.tree, project.directory)
        ).items():
            present = any(name_of(text) == normalise(plugin) for text in selection.requirements)
            if not present and normalise(plugin) != base.name:
                item = Requirement(text=plugin, group="plugin", evidence=evidence)
                selection.requirements[plugin] = item
    _runner(selection)
    return selection


def _runner(selection: Selection) -> None:
    """pytest runs every project's tests, whatever the maintainers run them with."""
    if (
        "pytest" not in {name_of(text) for text in selection.requirements}
        and selection.project.name != "pytest"
    ):
        evidence = Evidence(choice="requirement", value="pytest", rule="the runner of all tests")
        selection.requirements["pytest"] = Requirement(text="pytest", group="test", evidence=evidence)


def _named(selection: Selection, project: Project, names: Iterable[str], *, mandatory: bool) -> bool:
    """Extras, dependency groups and tool groups of those names; true when there was any."""
    wanted = {normalise(name) for name in names}
    rule = "extra or group named for tests" if mandatory else "extra or group named for development"
    found = False
    for name, items in project.extras.items():
        if normalise(name) in wanted:
            found = True
            _take_extra(selection, project, name, items, rule, whole=mandatory)
    for kind, table in (("group", project.pyproject.groups), ("tool group", project.pyproject.tool_groups)):
        for name, items in table.items():
            if normalise(name) not in wanted and not (
                kind == "group" and mandatory and name in _tox_groups(project)
            ):
                continue
            found = True
            for cited in items:
                selection.add(cited, f"{kind} {name}", mandatory=mandatory)
            if kind == "group":
                place = project.pyproject.source.cite(name, "[dependency-groups]")
                selection.groups.setdefault(name, place.evidence("group", rule))
    if found:
        for cited in project.pyproject.hatch_features:
            selection.extra(cited.value, cited, "feature of a hatch environment")
    return found


def _tox_groups(project: Project) -> tuple[str, ...]:
    return tox_groups(project.tree, project.directory)


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


def _files_and_tools(selection: Selection, project: Project) -> None:
    before = len(selection.requirements) + len(selection.extras)
    for name in (*FILES, *PLAIN_FILES):
        listed = read_requirements(project.tree, project.path(name))
        # A plain requirements file counts only when it is visibly one for developers.
        tests = name in FILES or any(name_of(cited.value) in RUNNERS for cited in listed.requirements)
        if tests and (listed.requirements or listed.extras):
            selection.listed(listed, f"requirements file {name}")
            break
    selection.listed(read_tox(project.tree, project.directory), "deps of tox")
    for cited in project.tests_require:
        selection.add(cited, "tests_require")
    for name, items in project.pyproject.tool_groups.items():
        for cited in (
            items if not left_out(name) and name not in {"docs", "doc", "lint", "typing", "types"} else ()
        ):
            selection.add(cited, f"tool group {name}")
    if len(selection.requirements) + len(selection.extras) == before:
        selection.listed(read_nox(project), "session of nox")
        for cited in (*read_pipfile(project), *read_conda(project.tree)):
            selection.add(cited, "development list")


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
