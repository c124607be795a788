"""Whether one change that a model proposes is sound for a Python project, and the declaration with it.

A proposal is text of a stranger who has read the project's own output.  Let through is only what rules
and repairs could say as well: names from the index, packages of the system, constants, options that
neither choose tests nor steer the measurement.  Nothing is run or looked up on a network here.
"""

from __future__ import annotations

import re
import shlex

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specification

from envfactory.languages.declaration import Change, Declaration, Lookup, Requirement
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.languages.python_rules.runner import TEST_ENV
from envfactory.records import Evidence

PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([\x20-\x7e]*)")
OPTION = re.compile(r"(--[a-z][a-z0-9-]*)(=[\x20-\x7e]*)?")
RESERVED = re.compile(
    r"(PATH|HOME|SHELL|IFS|BASH_ENV|ENV|PROMPT_COMMAND|PYTEST_\w*|PYTHON(?!PATH$)\w*|LD_\w*)$"
)
"""Variables that choose programs, steer the interpreter or the runner, or load code into every process."""
SELECTING = (
    *("--collect-only", "--deselect", "--exitfirst", "--failed-first", "--ignore", "--ignore-glob"),
    *("--keep-duplicates", "--last-failed", "--lf", "--ff", "--nf", "--maxfail", "--new-first", "--pyargs"),
    *("--sw", "--stepwise", "--noconftest", "--confcutdir", "--rootdir", "--co", "--continue-on-collection"),
    *("--config-file", "--override-ini", "--runxfail", "--setup-only", "--setup-plan", "--version", "--help"),
    *(
        "--fixtures",
        "--markers",
        "--import-mode",
        "--cache-clear",
        "--junitxml",
        "--plugins",
        "--trace",
        "--pdb",
    ),
)
"""Options that choose tests, stop the run early or end the measurement; abbreviations count too."""
INI_KEYS = re.compile(
    r"(asyncio_\w+|timeout\w*|django_\w+|DJANGO_\w+|filterwarnings|pythonpath|qt_api|trio_mode|anyio_mode"
    r"|xvfb_\w+|env|minversion|strict\w*)=[\x20-\x7e]*"
)
"""What ``-o`` may set."""


def amend(declaration: Declaration, change: Change, lookup: Lookup | None = None) -> Declaration | None:
    """The declaration with ``change``; ``None`` when that is not sound, or would change nothing."""
    value = change.value.strip()
    apply = {
        "add_requirement": _requirement,
        "pin_requirement": _requirement,
        "set_env": _variable,
        "add_test_arg": _argument,
        "choose_interpreter": _interpreter,
    }.get(change.change)
    amended = _package(declaration, value, lookup) if apply is None else apply(declaration, value)
    return amended if amended != declaration else None


def _requirement(declaration: Declaration, value: str) -> Declaration | None:
    """By name and version alone: an address would be neither dated nor locked."""
    try:
        wanted = Specification(value)
    except InvalidRequirement:
        return None
    name = normalise(wanted.name)
    if wanted.url or name == normalise(declaration.name):
        return None
    if any(item.text == str(wanted) for item in declaration.requirements):
        return None
    # In the place of what was asked for under this name: the two might exclude each other.
    others = tuple(item for item in declaration.requirements if name_of(item.text) != name)
    evidence = Evidence(choice="requirement", value=str(wanted), rule="proposed by a model")
    item = Requirement(text=str(wanted), group="repair", evidence=evidence)
    bounds = tuple(text for text in declaration.constraints if name_of(text) != name)
    return declaration.model_copy(update={"requirements": (*others, item), "constraints": bounds})


def _package(declaration: Declaration, value: str, lookup: Lookup | None) -> Declaration | None:
    if not PACKAGE.fullmatch(value) or (lookup is not None and not lookup("package", value)):
        return None
    packages = tuple(sorted({*declaration.system_packages, value}))
    return declaration.model_copy(update={"system_packages": packages})


def _variable(declaration: Declaration, value: str) -> Declaration | None:
    match = VARIABLE.fullmatch(value)
    if match is None or RESERVED.match(match[1]) or match[1] in TEST_ENV:
        return None
    return declaration.model_copy(update={"env": {**declaration.env, match[1]: match[2]}})


def _argument(declaration: Declaration, value: str) -> Declaration | None:
    try:
        words = tuple(shlex.split(value))
    except ValueError:
        return None
    if not _harmless(words) or words == declaration.test_args[-len(words) :]:
        return None
    return declaration.model_copy(update={"test_args": (*declaration.test_args, *words)})


def _harmless(words: tuple[str, ...]) -> bool:
    if len(words) == 2:
        return words[0] == "-o" and INI_KEYS.fullmatch(words[1]) is not None
    match = OPTION.fullmatch(words[0]) if len(words) == 1 else None
    return match is not None and not any(option.startswith(match[1]) for option in SELECTING)


def _interpreter(declaration: Declaration, value: str) -> Declaration | None:
    if value not in declaration.interpreters:
        return None
    others = tuple(version for version in declaration.interpreters if version != value)
    return declaration.model_copy(update={"interpreters": (value, *others)})
