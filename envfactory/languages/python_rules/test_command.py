"""How the maintainers run the tests: the runner, where, with which paths, options and variables.

Read from tox, nox, hatch's scripts, the Makefile and the test jobs of continuous integration, in this order.
Our own run stays pytest's; what is read here tells which variables and options the suite counts on.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.hatch_environments import read_hatch
from envfactory.languages.python_rules.nox_sessions import read_sessions
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.shell_words import Call, calls, exported
from envfactory.languages.python_rules.tox_environments import ToxEnvironment

RUNNERS = {
    "pytest": "pytest",
    "py.test": "pytest",
    "unittest": "unittest",
    "unittest2": "unittest",
    "nosetests": "nose",
    "nose": "nose",
    "nose2": "nose",
    "trial": "trial",
    "twisted.trial": "trial",
    "stestr": "stestr",
    "testr": "stestr",
    "zope-testrunner": "zope.testrunner",
    "zope.testrunner": "zope.testrunner",
    "testtools.run": "unittest",
}
SCRIPTS = re.compile(r"(?:.*/)?(?:run[-_]?tests?|quicktest|test_?runner|tests?/run)\.py")
DJANGO = re.compile(r"(?:.*/)?manage\.py|django-admin(?:\.py)?|django")
WRAPPERS = re.compile(
    r"-.*|.*python[\d.]*|\{env\w+\}|\$\w+|(?:.*/)?(?:coverage|xvfb-run|dbus-run-session|mpirun|mpiexec|timeout|nice)"
    r"|run|poetry|pipenv|uv|pdm|hatch|rye|\d+[smh]?"
)
"""What may stand before the runner's name."""
VALUED = frozenset(
    {
        "-p",
        "-c",
        "-k",
        "-m",
        "-n",
        "-r",
        "-o",
        "-W",
        "--ds",
        "--dc",
        "--cov",
        "--maxfail",
        "--timeout",
        "--settings",
    }
    | {
        "--junitxml",
        "--junit-xml",
        "--cov-report",
        "--cov-config",
        "--durations",
        "--rootdir",
        "--import-mode",
    }
    | {
        "--ignore",
        "--deselect",
        "--tb",
        "--color",
        "--dist",
        "--numprocesses",
        "-s",
        "-t",
        "--basetemp",
        "--pythonpath",
    }
)
"""Options of runners that take the next word."""
HERE = re.compile(
    r"\{(?:toxinidir|tox_root|root|env_site_packages_dir)(?::uri)?\}/?|\$\{?(?:PWD|GITHUB_WORKSPACE)\}?/?"
)
TARGET = re.compile(r"^([\w.-]*test[\w.-]*|check|coverage)\s*:(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class TestCommand:
    """One way in which the maintainers run tests."""

    __test__ = False

    runner: str
    """``pytest``, ``unittest``, ``django``, ``script``, ``setup.py``, ``nose``, ``trial``, ``stestr`` …"""
    paths: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    directory: str = "."
    """Relative to the top of the tree."""
    env: Mapping[str, str] = field(default_factory=dict)
    place: Cited = field(default_factory=lambda: Cited(""))


def read_test_commands(
    project: Project, tox: ToxEnvironment | None, jobs: Sequence[Job]
) -> tuple[TestCommand, ...]:
    """Every command that is recognised, those nearest to the maintainers' daily work first."""
    found = [*_of_tox(project, tox), *_of_nox(project), *_of_hatch(project)]
    found += [command for job in jobs if job.about_tests for command in _of_job(project, job)]
    makefile = project.source("Makefile")
    if makefile is not None:
        found += _of_makefile(project, makefile)
    return tuple(found)


def _of_tox(project: Project, tox: ToxEnvironment | None) -> Iterator[TestCommand]:
    for line in tox.commands if tox else ():
        if tox is not None:
            script = HERE.sub("./", line)
            yield from _commands(project, script, tox.env, tox.directory, tox.source.cite(line, line))


def _of_nox(project: Project) -> Iterator[TestCommand]:
    source = project.source("noxfile.py") or Source("noxfile.py", "")
    for session in read_sessions(project):
        for words in session.runs:
            command = recognised(Call(words))
            if command is not None:
                yield replace(
                    command, directory=project.directory, env=session.env, place=source.cite(words[0])
                )


def _of_hatch(project: Project) -> Iterator[TestCommand]:
    for environment in read_hatch(project)[:1]:
        for script in environment.scripts:
            place = environment.source.cite(script)
            yield from _commands(project, HERE.sub("./", script), dict(environment.env), ".", place)


def _of_job(project: Project, job: Job) -> Iterator[TestCommand]:
    for step in job.steps:
        place = job.source.cite(step.script.strip(), *step.script.strip().splitlines()[-1:])
        yield from _commands(
            project, HERE.sub("./", step.script), {**job.env, **step.env}, step.directory, place
        )


def _of_makefile(project: Project, source: Source) -> Iterator[TestCommand]:
    for match in TARGET.finditer(source.content):
        recipe: list[str] = []
        for line in source.content[match.end() :].splitlines()[1:]:
            if line.strip() and not line.startswith("\t"):
                break
            recipe.append(re.sub(r"^[@-]+", "", line.strip()))
        yield from _commands(project, "\n".join(recipe), {}, ".", source.cite(match.group(0)))


def _commands(
    project: Project, script: str, env: Mapping[str, str], directory: str, place: Cited
) -> Iterator[TestCommand]:
    folder, known = directory, dict(env)
    for call in calls(script):
        known |= exported(call)
        if call.words[:1] == ("cd",) and len(call.words) == 2 and "$" not in call.words[1]:
            folder = posixpath.normpath(posixpath.join(folder, call.words[1]))
        command = recognised(call)
        if command is not None and not folder.startswith(("..", "/")):
            place_of = posixpath.normpath(posixpath.join(project.directory, folder))
            yield replace(command, directory=place_of, env={**known, **call.env}, place=place)


def recognised(call: Call) -> TestCommand | None:
    """The test run that a call is, whatever wraps it (``coverage run -m``, ``poetry run``, ``xvfb-run``)."""
    words = call.words
    if not words or words[0].rpartition("/")[2] in {"pip", "pip3", "cd", "echo", "tox", "export", "apt-get"}:
        return None
    for position, word in enumerate(words[:12]):
        if position and not _wraps(words, position - 1):
            return None
        rest = words[position + 1 :]
        name = word.rpartition("/")[2]
        if DJANGO.fullmatch(word) and rest[:1] == ("test",):
            return _made("django", rest[1:], script=word)
        if SCRIPTS.fullmatch(word):
            return _made("script", rest, script=word)
        if name == "setup.py" and rest[:1] in {("test",), ("pytest",), ("nosetests",)}:
            return _made("setup.py", rest[1:])
        module = position > 0 and words[position - 1] == "-m"
        if (name in RUNNERS or (module and word in RUNNERS)) and "install" not in words[:position]:
            return _made(RUNNERS.get(name, RUNNERS.get(word, "")), rest)
    return None


def _wraps(words: Sequence[str], position: int) -> bool:
    """Whether the word may precede a runner: a wrapper, or the value of an option of one."""
    if WRAPPERS.fullmatch(words[position]):
        return True
    return position > 0 and words[position - 1].startswith("-") and words[position - 1] != "-m"


def _made(runner: str, rest: Sequence[str], script: str = "") -> TestCommand:
    paths, options = [script] if script.endswith(".py") else [], []
    position = 0
    while position < len(rest):
        word = rest[position]
        if word.startswith("-"):
            options.append(word)
            if word in VALUED and position + 1 < len(rest):
                position += 1
                options.append(rest[position])
        elif not re.search(r"[{}$]", word):
            paths.append(word)
        position += 1
    return TestCommand(runner, tuple(paths), tuple(options))
