"""What continuous integration says about running the tests: interpreters, packages, services, commands.

Reads GitHub workflows, Travis, CircleCI, GitLab and Azure pipelines by what they have in common: jobs with
scripts, variables, images and a matrix.  Values stay the strings that were written (``3.10`` is no number);
nothing is evaluated, so what depends on an expression is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from envfactory.languages.python_rules.cited import Cited, Source
from envfactory.languages.python_rules.shell_words import VARIABLE, apt_packages, calls

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

FILES = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.travis\.ya?ml|\.circleci/config\.ya?ml|\.gitlab-ci\.ya?ml"
    r"|(?:\.azure-pipelines/|ci/|\.ci/)?azure-pipelines[\w.-]*\.ya?ml|\.azure-pipelines/[\w.-]+\.ya?ml"
)
MOST_FILES = 30
DEEPEST = 24
"""No pipeline nests deeper; aliases may make a document infinite."""
SCRIPTS = frozenset(
    {"run", "script", "bash", "command", "install", "before_install", "before_script", "sh", "tests", "init"}
)
VARIABLES = frozenset({"env", "environment", "variables"})
TRAVIS = "travis"
VERSIONS = re.compile(r"(?i)^(?:.*[-_.])?(?:python|py|pyver)(?:[-_.]?versions?)?$|^tox_?-?env$|^py[-_]?ver.*")
VERSION = re.compile(r"(?i)^(?:c?python|cp|py)?[-_:]?3[._]?(\d{1,2})(?:\.(?:\d+|x))?(?:[-_,\s].*)?$")
IN_VARIABLES = re.compile(r"(?:TOXENV|TOX_ENV|PYTHON|PYTHON_VERSION|PY)=[\"']?([\w.,-]+)")
UNRELEASED = re.compile(r"(?i)pypy|dev|alpha|beta|rc\d|nightly|graal|free|\dt\b")
TESTS = re.compile(
    r"\b(?:pytest|py\.test|tox|nox|unittest|runtests|run_tests|nosetests|nose2|trial|stestr|testr|django|hatch)\b"
    r"|manage\.py\s+test|setup\.py\s+test|make\s+[\w -]*(?:test|check)|\btests?\.py\b|zope-testrunner|ctest"
)
OTHER_JOBS = re.compile(
    r"(?i)lint|style|docs?\b|mypy|typ(?:e|ing)|format|pre-?commit|publish|release|deploy|wheel|bench|windows|macos"
    r"|osx|stale|label|codeql|sdist|pypi|spell"
)
OTHER_SYSTEMS = re.compile(r"(?i)^(?:windows|macos|osx|vs20)")
PYTHON_IMAGE = re.compile(r"(?:^|/)python:(3\.\d+)")


@dataclass(frozen=True)
class Step:
    """Shell text and the variables that are set for it alone."""

    script: str
    env: Mapping[str, str] = field(default_factory=dict)
    directory: str = "."


@dataclass
class Job:
    """One job (or one container file): what it sets up and what it runs."""

    source: Source
    name: str
    interpreters: list[Cited] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    """Images or names as written."""
    service_env: dict[str, str] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)

    @property
    def about_tests(self) -> bool:
        """Whether it runs tests on this kind of machine, by its name and its commands."""
        return not OTHER_JOBS.search(self.name) and any(TESTS.search(step.script) for step in self.steps)

    def version(self, text: str) -> None:
        """Note an interpreter if ``text`` names a released CPython 3."""
        for part in re.split(r"[,\s]+", text):
            match = VERSION.match(part)
            if match and not UNRELEASED.search(part):
                self.interpreters.append(self.source.cite(f"3.{int(match.group(1))}", part))

    def image(self, text: str) -> None:
        """An image that steps run in: a Python one names the interpreter, any other may be a service."""
        match = PYTHON_IMAGE.search(text)
        if match:
            self.interpreters.append(self.source.cite(match.group(1), text))
        elif "$" not in text:
            self.services.append(text)


def read_ci(tree: Tree) -> tuple[Job, ...]:
    """The jobs of every pipeline of the tree, in the order of the files."""
    found: list[Job] = []
    for path in [path for path in tree.paths() if FILES.fullmatch(path)][:MOST_FILES]:
        data = read_yaml(text := tree.text(path) or "")
        if isinstance(data, dict):
            found += _jobs(Source(path, text), data)
    return tuple(found)


def read_yaml(text: str) -> Any:
    """A YAML document with strings for all scalars; ``None`` when it cannot be read."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _jobs(source: Source, data: dict[str, Any]) -> Iterator[Job]:
    common = {key: value for key, value in data.items() if key in VARIABLES}
    for name, node in _nodes(source.path, data):
        system = node.get("runs-on") or node.get("os") or ""
        if isinstance(system, str) and OTHER_SYSTEMS.match(system):
            continue
        job = Job(source, name)
        if node is not data:
            _walk(job, common, 0, ".")
        _walk(job, node, 0, ".")
        job.packages += [
            package for step in job.steps for call in calls(step.script) for package in apt_packages(call)
        ]
        yield job


def _nodes(path: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    jobs = data.get("jobs")
    if path.startswith(".travis"):
        yield TRAVIS, data
    elif isinstance(jobs, dict):
        for name, node in jobs.items():
            if isinstance(node, dict):
                yield f"{name} {node.get('name', '')}", node
    elif "gitlab" in path:
        for name, node in data.items():
            if isinstance(node, dict) and name not in VARIABLES:
                yield name, node
    else:
        yield "pipeline", data


def _walk(job: Job, node: Any, depth: int, directory: str) -> None:
    """Collect from a part of the document; lists are walked through."""
    if depth > DEEPEST:
        return
    if isinstance(node, list):
        for item in node:
            _walk(job, item, depth + 1, directory)
    if not isinstance(node, dict) or OTHER_SYSTEMS.match(str(node.get("os", ""))):
        return
    place = node.get("working-directory") or node.get("working_directory") or node.get("workingDirectory")
    place = (
        place
        if isinstance(place, str) and "$" not in place and not place.startswith(("~", "/"))
        else directory
    )
    script = "\n".join(
        text
        for key, value in node.items()
        if key in SCRIPTS and not isinstance(value, dict)
        for text in _texts(value)
    )
    # In Travis' file a list of variables, or one below the top, is a line of the matrix.
    matrix = job.name == TRAVIS and (depth > 0 or not isinstance(node.get("env"), dict))
    own = {n: text for key in node if key in VARIABLES and not matrix for n, text in variables(node[key])}
    if script:
        job.steps.append(Step(script, own, place))
        # What only a single step sees is no variable of the job.
        own = own if "steps" in node or job.name == TRAVIS else {}
    for name, text in own.items():
        job.env.setdefault(name, text)
    for key, value in node.items():
        if VERSIONS.match(key):
            for text in _texts(value):
                job.version(text)
        if key in VARIABLES:
            for text in IN_VARIABLES.findall("\n".join(_texts(value))):
                job.version(text)
        if key == "services":
            _services(job, value)
        elif key in {"image", "container"} and isinstance(value, str):
            job.image(value)
        elif key == "apt" and isinstance(value, dict):
            job.packages += [text for text in _texts(value.get("packages")) if VARIABLE not in text]
        elif key not in VARIABLES:
            _walk(job, value, depth + 1, place)


def _services(job: Job, value: Any) -> None:
    for name in value if isinstance(value, list | dict) else [value]:
        node = value[name] if isinstance(value, dict) else name
        image = node.get("image", node.get("name", "")) if isinstance(node, dict) else node
        # An image that a matrix chooses: the service's own name tells as much.
        named = isinstance(image, str) and image and "$" not in image
        job.services.append(str(image) if named or not isinstance(name, str) else name)
        if isinstance(node, dict):
            job.service_env.update(pair for key in VARIABLES for pair in variables(node.get(key)))


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every string of a value; those of a table are its values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and depth < DEEPEST:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


def variables(value: Any) -> Iterator[tuple[str, str]]:
    """Names and constant values of a table or a list of ``A=b`` words; expressions are left out."""
    if isinstance(value, dict):
        yield from variables(value.get("global", []))
        for name, text in value.items():
            if name == "secure":
                continue
            if isinstance(text, str) and "$" not in text and re.fullmatch(r"[A-Za-z_]\w*", name):
                yield name, text
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            pair = (item["name"], item["value"]) if {"name", "value"} <= set(item) else None
            yield from variables({pair[0]: pair[1]} if pair else item)
        elif isinstance(item, str):
            for call in calls(item):
                yield from ((name, text) for name, text in call.env.items() if "$" not in text)
