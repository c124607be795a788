"""``noxfile.py`` as the sessions that run tests: what they install, run and set.

The file is parsed, never executed: only constant arguments of ``session.…`` calls are taken.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from envfactory.languages.python_rules.cited import Source
from envfactory.languages.python_rules.project import Project
from envfactory.languages.python_rules.requirement_files import Listed, read_words
from envfactory.languages.python_rules.syntax import parse
from envfactory.languages.python_rules.tox_names import OTHER_WORK

TESTS = re.compile(r"test|unit|check$")


@dataclass
class Session:
    """One function that tests."""

    name: str
    installs: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    """Arguments of each ``session.install`` and its line."""
    runs: list[tuple[str, ...]] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def read_sessions(project: Project) -> tuple[Session, ...]:
    """Sessions named for tests, in the order of the file; none when it cannot be parsed."""
    source = project.source("noxfile.py")
    module = parse(source.content if source else "")
    if module is None:
        return ()
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef))
    return tuple(_session(node) for node in functions if _tests(node.name))


def _tests(name: str) -> bool:
    return TESTS.search(name) is not None and not OTHER_WORK.search(re.sub(r"check$", "", name))


def _session(function: ast.FunctionDef) -> Session:
    session = Session(function.name)
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr="install"), args=args):
                session.installs.append((tuple(_constants(args)), node.lineno))
            case ast.Call(func=ast.Attribute(attr="run" | "run_always"), args=args):
                session.runs.append(tuple(_constants(args)))
                session.env |= _env(node)
            case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="env"), slice=key)], value=value):
                session.env |= _pair(key, value)
    return session


def _constants(args: list[ast.expr]) -> Iterator[str]:
    for argument in args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def _env(call: ast.Call) -> dict[str, str]:
    found: dict[str, str] = {}
    for keyword in call.keywords:
        if keyword.arg == "env" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                found |= _pair(key, value)
    return found


def _pair(key: ast.expr | None, value: ast.expr) -> dict[str, str]:
    if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
        return {str(key.value): str(value.value)}
    return {}


def read_nox(project: Project) -> Listed:
    """All that the sessions install."""
    listed = Listed()
    source = project.source("noxfile.py") or Source("noxfile.py", "")
    for session in read_sessions(project):
        for words, line in session.installs:
            cited = source.cite(" ".join(words), rule_line=line)
            read_words(project.tree, project.directory, words, listed, cited)
    return listed
