"""Django suites under pytest: the plug-in, and the settings module that the maintainers' own runner uses.

As a rule where the evidence is explicit; a mere guess by a file's name is only suggested, for the repair at
the end of this module to try.  A suite whose ``conftest.py`` configures Django itself is left to do so.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.install import TESTBED
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.pytest_settings import read_pytest_settings
from envfactory.languages.python_rules.repair_case import Case, Change, add, with_variables
from envfactory.languages.python_rules.test_variables import DJANGO, PATHS, TestHabits, is_folder

PLUGIN = "pytest-django"
MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
IN_CODE = re.compile(
    r"environ(?:\.setdefault\(\s*|\[)[\"']DJANGO_SETTINGS_MODULE[\"'](?:\s*,|\]\s*=)\s*[\"']([\w.]+)[\"']"
    r"|[\"']?DJANGO_SETTINGS_MODULE[\"']?\s*[:=]\s*[\"']([\w.]+)[\"']"
)
ENTRY_POINTS = re.compile(
    r"(?:[\w-]+/)?(?:manage|run_?tests?|runtests|quicktest|test_?runner|run_tests|conftest|setup|load_tests)\.py"
    r"|(?:[\w-]+/)?tests?/(?:__init__|runtests|manage|run|conftest|runner)\.py"
)
GUESSES = re.compile(
    r"(?:[\w-]+/)*(?:tests?|testing|testproject|test_project|testapp|tests?/[\w-]+|example|\w*test\w*)/"
    r"(?:test_?)?settings(?:/__init__)?\.py|(?:[\w-]+/)?(?:test_settings|settings_test|tests_settings)\.py"
)
USES = re.compile(r"^\s*(?:from|import)\s+django\b", re.MULTILINE)
TEST_CASES = re.compile(r"from\s+django\.test\b|django_db|from\s+rest_framework\.test\b")
CONFIGURES = re.compile(r"settings\.configure\(|django\.setup\(\s*\)")
OWN_DATABASES = re.compile(r"setup_databases|create_test_db|setup_test_environment|DiscoverRunner|get_runner")
UNCONFIGURED = re.compile(
    r"settings are not configured|AppRegistryNotReady|Apps aren't loaded yet|DJANGO_SETTINGS_MODULE"
    r"|Could not import settings '[\w.]+'|No module named '(?:[\w.]+\.)?\w*settings\w*'|no such table: \w+"
    r"|doesn't declare an explicit app_label|ould not find a Django project"
)
MOST_FILES = 300


@dataclass(frozen=True)
class DjangoNeeds:
    """What a Django suite needs to run under pytest."""

    plugin: Cited | None = None
    env: dict[str, Cited] = field(default_factory=dict)
    """``DJANGO_SETTINGS_MODULE`` and ``PYTHONPATH`` with where each was read."""
    suggested: dict[str, str] = field(default_factory=dict)


def django_needs(project: Project, habits: TestHabits, *, required: bool) -> DjangoNeeds:
    """Plug-in and variables; ``required`` says that some list of the project asks for Django."""
    cases = _test_cases(project) if required else None
    if cases is None:
        return DjangoNeeds()
    configured = _configured(project)
    if configured is not None:
        own = OWN_DATABASES.search(project.tree.text(configured.file) or "")
        return DjangoNeeds(None if own or not cases.value else cases)
    options = read_pytest_settings(project.tree, project.directory)
    named = {name.upper() for name in options.options}
    if DJANGO in named or any(word.startswith("--ds") for word in options.addopts):
        return DjangoNeeds(options.source.cite(PLUGIN, "DJANGO_SETTINGS_MODULE"))
    for module in _explicit(project, habits):
        if folder := _import_folder(project, module, habits):
            return DjangoNeeds(cases, _variables(module, folder))
    for path in sorted(
        filter(GUESSES.fullmatch, project.tree.paths()), key=lambda path: (path.count("/"), path)
    ):
        name = posixpath.splitext(path)[0].removesuffix("/__init__").replace("/", ".")
        guess = Cited(name, path)
        if MODULE.fullmatch(name) and (folder := _import_folder(project, guess, habits)):
            return DjangoNeeds(suggested={n: cited.value for n, cited in _variables(guess, folder).items()})
    return DjangoNeeds()


def _variables(module: Cited, folder: str) -> dict[str, Cited]:
    env = {DJANGO: module}
    if folder != ".":
        env[PATHS] = module.with_value(posixpath.join(TESTBED, folder))
    return env


def _test_cases(project: Project) -> Cited | None:
    """The first test that imports Django; its value is the plug-in when it needs a database, else empty."""
    paths = [path for path in project.tree.paths() if path.endswith(".py") and re.search(r"test", path)]
    found: Cited | None = None
    for path in paths[:MOST_FILES]:
        text = project.tree.text(path) or ""
        match = TEST_CASES.search(text)
        if match:
            return Source(path, text).cite(PLUGIN, match.group(0).splitlines()[-1].strip())
        if found is None and USES.search(text):
            found = Source(path, text).cite("", "django")
    return found


def _configured(project: Project) -> Cited | None:
    """A ``conftest.py`` that sets Django up."""
    for path in project.tree.paths():
        if posixpath.basename(path) == "conftest.py" and path.count("/") <= 2:
            match = CONFIGURES.search(text := project.tree.text(path) or "")
            if match:
                return Source(path, text).cite(match.group(0))
    return None


def _explicit(project: Project, habits: TestHabits) -> Iterator[Cited]:
    """Settings modules that something which runs the tests names, nearest first."""
    for name, value, place in habits.settings():
        if name == DJANGO and MODULE.fullmatch(value):
            yield place.with_value(value)
    for command in habits.commands:
        for option, following in itertools.pairwise((*command.options, "")):
            name, equals, value = option.partition("=")
            if name in {"--settings", "--ds"} and MODULE.fullmatch(value if equals else following):
                yield command.place.with_value(value if equals else following)
    paths = [path for path in project.tree.paths() if ENTRY_POINTS.fullmatch(path)]
    for path in sorted(paths, key=lambda path: ("test" not in path, path.count("/"), path)):
        source = Source(path, project.tree.text(path) or "")
        for match in IN_CODE.finditer(source.content):
            yield source.cite(match.group(1) or match.group(2), "DJANGO_SETTINGS_MODULE")


def _import_folder(project: Project, module: Cited, habits: TestHabits) -> str:
    """The folder from which the module can be imported, empty when the tree has no such module."""
    inside = module.value.replace(".", "/")
    places = [project.directory, posixpath.dirname(module.file) or ".", "src", "tests", "test"]
    places += [command.directory for command in habits.commands]
    for folder in dict.fromkeys(posixpath.normpath(place) for place in places):
        path = posixpath.normpath(posixpath.join(folder, inside))
        if project.tree.exists(f"{path}.py") or project.tree.exists(f"{path}/__init__.py"):
            return folder if is_folder(project, folder) else ""
    return ""


def settings_module(case: Case) -> Change | None:
    """``settings are not configured``, ``Apps aren't loaded yet``, ``No module named 'tests.settings'``."""
    match = UNCONFIGURED.search(case.errors) if case.symptoms.phase == "tests" else None
    suggested = case.declaration.suggested_env
    if match is None or not (DJANGO in suggested or "django" in case.errors.lower()):
        return None
    env = {name: value for name, value in suggested.items() if name in {DJANGO, PATHS}}
    if match.group(0).startswith("No module named") and PATHS not in {*case.declaration.env, *env}:
        env[PATHS] = TESTBED
    rule = "the suite needs its settings module"
    plugin = add(case, [(PLUGIN, match.group(0))], rule)
    changed = Case(plugin[0], case.symptoms) if plugin else case
    variables = with_variables(changed, env, rule, match.group(0))
    if plugin and variables:
        return variables[0], f"{plugin[1]}, {variables[1]}", variables[2]
    return variables or plugin
