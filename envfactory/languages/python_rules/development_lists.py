"""Development dependencies that one tool knows: ``Pipfile`` and the test jobs of continuous integration.

Each answers with cited requirements in PEP 508, for a project that lists its test dependencies nowhere else.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from envfactory.languages.python_rules.ci_workflows import Job
from envfactory.languages.python_rules.cited import Cited
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.pyproject import poetry_requirement
from envfactory.languages.python_rules.requirement_files import Listed, read_words
from envfactory.languages.python_rules.shell_words import calls, pip_words

CONDITIONAL = re.compile(r"\bif\b.*?\bfi\b", re.DOTALL)
"""What is installed on a condition is for another interpreter or another line of the matrix."""


def read_pipfile(project: Project) -> tuple[Cited, ...]:
    """``[dev-packages]`` and, when the project declares nothing itself, ``[packages]``."""
    source = project.source("Pipfile")
    if source is None:
        return ()
    try:
        data: dict[str, Any] = tomllib.loads(source.content)
    except tomllib.TOMLDecodeError:
        return ()
    found: list[Cited] = []
    for table in ("packages", "dev-packages"):
        items = data.get(table)
        for name, spec in items.items() if isinstance(items, dict) else ():
            text = poetry_requirement(name, spec)
            if text:
                found.append(source.cite(name, f"[{table}]").with_value(text))
    return tuple(found)


def read_pip_lines(project: Project, jobs: Iterable[Job]) -> Listed:
    """Arguments of ``pip install`` in the first job that tests and installs anything by name."""
    for job in jobs:
        listed = Listed()
        for step in job.steps if job.about_tests else ():
            folder = posixpath.normpath(posixpath.join(project.directory, step.directory))
            for call in calls(CONDITIONAL.sub("", step.script)):
                words = pip_words(call)
                if words:
                    cited = job.source.cite(" ".join(words), words[-1])
                    read_words(project.tree, folder, words, listed, cited)
        if listed.requirements or listed.extras:
            return listed
    return Listed()
