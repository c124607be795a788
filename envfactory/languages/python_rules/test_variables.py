"""Variables and runner options that the suite counts on, from the maintainers' own way of running it.

Taken are constants: ``PYTHONPATH`` with the project's folders as they are in the image, and switches that the
tests themselves mention.  What steers the machine, an installer or the runner is not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.hatch_environments import read_hatch
from envfactory.languages.python_rules.install import TESTBED
from envfactory.languages.python_rules.named_surroundings import useful
from envfactory.languages.python_rules.nox_sessions import read_sessions
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.test_command import HERE, TestCommand, read_test_commands
from envfactory.languages.python_rules.tox_environments import ToxEnvironment, read_tox_environment
from envfactory.records import Evidence

DEFAULT = re.compile(r"\{env:\w+:([^{}]*)\}")
MOST_FILES = 600
OWN_PLUGINS = frozenset({"pytester", "doctest"})
DJANGO = "DJANGO_SETTINGS_MODULE"
PATHS = "PYTHONPATH"


class TestHabits:
    """How one project's maintainers run its tests."""

    __test__ = False

    def __init__(self, project: Project, interpreter: str, jobs: Sequence[Job]) -> None:
        self.project = project
        self.tox: ToxEnvironment | None = read_tox_environment(project.tree, project.directory, interpreter)
        self.commands: tuple[TestCommand, ...] = read_test_commands(project, self.tox, jobs)

    def settings(self) -> Iterator[tuple[str, str, Cited]]:
        """Every variable of tox, nox, hatch and the commands themselves, nearest first, with its place."""
        if self.tox is not None:
            for name, value in self.tox.env.items():
                yield name, value, self.tox.source.cite(value, name)
        for environment in read_hatch(self.project)[:1]:
            for name, value in environment.env:
                yield name, value, environment.source.cite(value, name)
        for session in read_sessions(self.project):
            for name, value in session.env.items():
                yield name, value, Cited(value, self.project.path("noxfile.py"))
        for command in self.commands:
            for name, value in command.env.items():
                if name in {DJANGO, PATHS}:
                    yield name, value, command.place

    def variables(self) -> dict[str, Evidence]:
        """Name -> evidence whose value is the variable's."""
        found: dict[str, tuple[str, Cited]] = {}
        for name, value, place in self.settings():
            text = self.paths(value) if name == PATHS else _constant(value)
            if text:
                found.setdefault(name, (text, place))
        plain = {name: text for name, (text, _) in found.items() if name not in {PATHS, DJANGO}}
        kept = {PATHS, *mentioned(self.project, useful(plain))}
        rule = "set where the maintainers run the tests"
        return {
            name: place.evidence(f"variable {name}", rule, text)
            for name, (text, place) in sorted(found.items())
            if name in kept
        }

    def paths(self, value: str) -> str:
        """``PYTHONPATH`` with folders of the tree as they are in the image; others are dropped."""
        found = []
        for part in re.split(r"\{:\}|:|;", HERE.sub("./", DEFAULT.sub(r"\1", value))):
            folder = posixpath.normpath(
                posixpath.join(self.project.directory, part.strip().strip("'\"") or "$")
            )
            if not re.search(r"[${]|^/|^\.\.", folder) and is_folder(self.project, folder):
                found.append(posixpath.normpath(posixpath.join(TESTBED, folder)))
        return ":".join(dict.fromkeys(found))

    def options(self) -> tuple[str, ...]:
        """Options that name another configuration or a plug-in of the project's own."""
        for command in self.commands:
            if command.runner == "pytest":
                return tuple(self._options(command))
        return ()

    def _options(self, command: TestCommand) -> Iterator[str]:
        words = iter(command.options)
        for word in words:
            name, equals, value = word.partition("=")
            if name in {"-p", "-c", "--import-mode", "--ds"}:
                value = value if equals else next(words, "")
                if name == "-c":
                    value = posixpath.normpath(posixpath.join(command.directory, value))
                if self._sound(name, value):
                    path = posixpath.join(TESTBED, value) if name == "-c" else value
                    yield from ((name, path) if name in {"-p", "-c"} else (f"{name}={path}",))

    def _sound(self, name: str, value: str) -> bool:
        if name == "-c":
            return self.project.directory == "." and self.project.tree.exists(value)
        if name == "-p":
            return value in OWN_PLUGINS or self.project.tree.exists(
                self.project.path(value.replace(".", "/") + ".py")
            )
        return re.fullmatch(r"[\w.]+", value) is not None


def _constant(value: str) -> str:
    text = HERE.sub(f"{TESTBED}/", DEFAULT.sub(r"\1", value)).strip()
    return "" if re.search(r"[${`]|\(\(", text) else text.strip("'\"")


def is_folder(project: Project, folder: str) -> bool:
    """Whether the tree has files below ``folder``; its top always counts."""
    return folder == "." or any(path.startswith(f"{folder}/") for path in project.tree.paths())


def mentioned(project: Project, names: Iterable[str]) -> set[str]:
    """Those names that a test, a ``conftest`` or a settings module quotes and ``setup.py`` does not hold."""
    script = project.tree.text(project.path("setup.py")) or ""
    # What the build reads is about building.
    left = {name for name in names if name not in script}
    found: set[str] = set()
    paths = [
        path for path in project.tree.paths() if path.endswith(".py") and re.search(r"test|settings", path)
    ]
    for path in sorted(paths, key=lambda path: (path.count("/"), path))[:MOST_FILES] if left else ():
        text = project.tree.text(path) or ""
        here = {name for name in left if f'"{name}"' in text or f"'{name}'" in text}
        found, left = found | here, left - here
        if not left:
            break
    return found
