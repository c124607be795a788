"""What a bundle's ``tests/`` carries so that it can grade without envfactory.

The programs of ``runtime/``, verbatim copies of the modules that our own grader judges with (each rule
exists once), and ``grader.json``: the few facts about the image that they need.  No text of a program is
made here; all of them are real files.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from envfactory.exporters.files import json_bytes
from envfactory.languages.protocol import Collector
from envfactory.records import Task
from envfactory.trials.run import CLEARED_ENV, FROZEN_ENV
from envfactory.trials.staging import sources_of

SHIPPED = {
    "test.sh": ("envfactory.exporters", "runtime/test.sh"),
    "grade.py": ("envfactory.exporters", "runtime/grade.py"),
    "worktree.py": ("envfactory.exporters", "runtime/worktree.py"),
    "running.py": ("envfactory.exporters", "runtime/running.py"),
    "protection.py": ("envfactory.trials", "protection.py"),
    "canary_tests.py": ("envfactory.trials", "canary_tests.py"),
    "protected.py": ("envfactory.grader", "protected.py"),
    "verdict.py": ("envfactory.grader", "verdict.py"),
    "report_lines.py": ("envfactory.trials", "collectors/report_lines.py"),
}


def grader_files(task: Task, root: str) -> dict[str, bytes]:
    """Name in ``tests/`` -> content; ``root`` is the one commit in the image."""
    collector = _collector(task.candidate.language)
    facts = {
        "root_commit": root,
        "env": {**FROZEN_ENV, **collector.env, **task.environment.spec.env, **CLEARED_ENV},
        "collector": {"file": collector.resource, "args": list(collector.args)},
    }
    return {**program_files(collector.resource), "grader.json": json_bytes(facts)}


@cache
def program_files(collector: str) -> dict[str, bytes]:
    """Those that are the same for all tasks of a language."""
    programs = {name: files(package).joinpath(path).read_bytes() for name, (package, path) in SHIPPED.items()}
    return {**programs, **sources_of(collector)}


def _collector(language: str) -> Collector:
    from envfactory.languages import LANGUAGES

    return LANGUAGES[language].COLLECTOR
