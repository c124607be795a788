"""Container files of maintainers: Dockerfiles, dev containers, compose files, Gitpod.

Each becomes a ``Job`` as of continuous integration: the interpreter it starts from, the packages it
installs, the variables it sets, the services beside it.  Nothing is built or pulled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from envfactory.languages.python_rules.ci_workflows import Job, Step, read_yaml, variables
from envfactory.languages.python_rules.cited import Source
from envfactory.languages.python_rules.shell_words import apt_packages, calls

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

DOCKERFILES = re.compile(
    r"(?:(?:\.?docker|\.devcontainer|\.ci|ci|dev|\.github)/)?(?:[\w-]+\.)?(?:\.gitpod\.)?Dockerfile(?:[.-][\w-]+)?",
    re.IGNORECASE,
)
DEV_CONTAINERS = frozenset({".devcontainer/devcontainer.json", ".devcontainer.json"})
COMPOSE = re.compile(
    r"(?:(?:\.?docker|\.devcontainer|\.ci|ci|tests?|dev)/)?(?:docker-)?compose(?:[.-][\w-]+)*\.ya?ml"
)
INSTRUCTION = re.compile(r"^\s*(FROM|RUN|ENV|ARG)\s+(.+)$", re.IGNORECASE)
DEV_IMAGE = re.compile(r"(?:^|/)python:(?:[\d.]+-)?(3\.\d+)")
"""Images for dev containers carry a version of their own before Python's."""


def read_containers(tree: Tree) -> tuple[Job, ...]:
    """One job per container file near the root, in path order."""
    found: list[Job] = []
    for path in tree.paths():
        if path.count("/") > 1:
            continue
        if DOCKERFILES.fullmatch(path):
            found.append(_dockerfile(Source(path, tree.text(path) or "")))
        elif path in DEV_CONTAINERS:
            found.append(_dev_container(Source(path, tree.text(path) or "")))
        elif COMPOSE.fullmatch(path):
            found.append(_compose(Source(path, tree.text(path) or "")))
    return tuple(found)


def _dockerfile(source: Source) -> Job:
    job = Job(source, source.path)
    for word, rest in _instructions(source.content):
        if word == "FROM" and (match := DEV_IMAGE.search(rest.split()[0])):
            job.interpreters.append(source.cite(match.group(1), rest))
        elif word == "RUN" and not rest.startswith("["):
            job.steps.append(Step(rest))
            job.packages += [package for call in calls(rest) for package in apt_packages(call)]
        elif word == "ENV":
            name, _, value = rest.partition(" ")
            text = rest if "=" in name else f"{name}={json.dumps(value)}"
            job.env.update(variables(text))
    return job


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\s*\n", " ", "\n".join(lines)).splitlines():
        match = INSTRUCTION.match(line)
        if match:
            yield match.group(1).upper(), match.group(2).strip()


def _dev_container(source: Source) -> Job:
    job = Job(source, source.path)
    text = re.sub(r"(?m)^\s*//.*$|(?<=[,{\[\s])//[^\"\n]*$", "", source.content)
    try:
        data: Any = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
    except ValueError:
        return job
    image = data.get("image") if isinstance(data, dict) else None
    if isinstance(image, str) and (match := DEV_IMAGE.search(image)):
        job.interpreters.append(source.cite(match.group(1), image))
    return job


def _compose(source: Source) -> Job:
    job = Job(source, source.path)
    data = read_yaml(source.content)
    services = data.get("services", data) if isinstance(data, dict) else None
    for name, node in services.items() if isinstance(services, dict) else ():
        if isinstance(node, dict):
            image = node.get("image")
            # An image with a variable tag still names what it is; one that is built here, its service does.
            job.image(image.split("$")[0].rstrip(":") if isinstance(image, str) else name)
            if isinstance(image, str) and "build" not in node:
                job.service_env.update(variables(node.get("environment")))
    return job
