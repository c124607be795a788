"""Records between a language's rules and the builder: what is declared, what it resolved to, what broke.

    Declaration ──resolve()──▶ Resolution            (in a container, as of a date)
        ▲                          │
        └── Repair ◀──repair()── Symptoms            (one change, then again)

No rule lives here and nothing is read or run here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from envfactory.records import Evidence, LockedDependency, Record, TestReport, Toolchain, canonical_json

if TYPE_CHECKING:
    from envfactory.engine import Engine
    from envfactory.git.tree import Tree
    from envfactory.timemachine import TimeMachine

Lookup = Callable[[str, str], str]
"""(kind, name) -> system package or ``""``; kinds are ``header``, ``pkg-config``, ``library``, ``shared``,
``command``, ``file`` (a path's end) and ``package`` (the name itself when there is such a package)."""

BY_MODEL = "model: "
"""Begins the entries of ``Declaration.repairs`` that a language model proposed."""

RequirementGroup = Literal["runtime", "test", "plugin", "repair", "build"]


class Requirement(Record):
    """One thing to install, in the language's own notation (PEP 508 for Python)."""

    text: str
    group: RequirementGroup
    mandatory: bool = True
    """Optional ones are dropped, with evidence, when the resolve fails with them."""
    evidence: Evidence


class Declaration(Record):
    """What the maintainers say is needed to run the tests, each part with the line it was read from."""

    language: str
    name: str = ""
    """Name of the project's own distribution; never installed from an index."""
    interpreters: tuple[str, ...]
    """Ranked: the first is tried first."""
    requirements: tuple[Requirement, ...] = ()
    """For tests and plug-ins; not what the project's own metadata already says."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """PEP 735 dependency groups."""
    constraints: tuple[str, ...] = ()
    """Upper knowledge such as the repository's own lock: bounds versions, installs nothing by itself."""
    metadata: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """The project's own dependencies as far as they can be read without building it: ``""`` for the
    run-time ones, then those of each chosen extra."""
    build_backend: str = ""
    build_requirements: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()
    manifests: Mapping[str, str] = Field(default_factory=dict)
    """Path -> normalised text of what determines the environment."""
    project_dir: str = "."
    installable: bool = True
    native: bool = False
    """Installing it compiles something, which is done once, where the result is kept."""
    preparations: tuple[str, ...] = ()
    """Shell commands, run in the project's folder before it is installed, that make sources it lacks."""
    ways_tried: int = 0
    """Ways of installing that are known not to work; more than there are: only the import path."""
    env: Mapping[str, str] = Field(default_factory=dict)
    test_args: tuple[str, ...] = ()
    """Options for the runner that this project needs, after the fixed ones."""
    test_prefix: tuple[str, ...] = ()
    """Words before the runner: a command that prepares what the tests need (a service, a clock, a display)
    and then replaces itself by its arguments."""
    suggested_packages: tuple[str, ...] = ()
    """System packages that maintainers install for their own test runs; repairs try them, rules do not."""
    suggested_preparations: tuple[str, ...] = ()
    """Such commands as maintainers use them before their own builds; repairs try them, rules do not."""
    test_imports: tuple[str, ...] = ()
    """Third-party modules that tests import; repairs try them, rules do not."""
    suggested_env: Mapping[str, str] = Field(default_factory=dict)
    """Variables that maintainers set for their own test runs; repairs try them, rules do not."""
    suggested_services: tuple[str, ...] = ()
    """Services beside the maintainers' own test runs: ``redis``, ``postgresql``, ``mysql``, ``memcached``,
    ``rabbitmq``, ``mongodb``, ``elasticsearch``; repairs try them, rules do not."""
    evidence: tuple[Evidence, ...] = ()
    repairs: tuple[str, ...] = ()
    """What repairs changed so far, in order."""

    @property
    def rung(self) -> str:
        """The highest rung of the building ladder that had a part in it."""
        if any(change.startswith(BY_MODEL) for change in self.repairs):
            return "model"
        return "repairs" if self.repairs else "rules"

    @property
    def key(self) -> str:
        """sha256 over what determines the resolve; evidence, runner options and history left out."""
        stable = self.stable()
        for name in (
            "evidence",
            "test_args",
            "test_prefix",
            "repairs",
            "suggested_packages",
            "suggested_preparations",
            "suggested_env",
            "suggested_services",
            "test_imports",
        ):
            del stable[name]
        stable["interpreters"] = self.interpreters[:1]
        stable["requirements"] = sorted({(item.text, item.mandatory) for item in self.requirements})
        return hashlib.sha256(canonical_json(stable)).hexdigest()


@dataclass(frozen=True)
class ResolveRequest:
    """Where and as of when to resolve."""

    engine: Engine
    index: TimeMachine
    toolchain: Toolchain
    source: Path
    """Git bundle of the base tree; the container clones it to ``/testbed``."""
    cutoff: datetime
    log: Path
    system_packages: tuple[str, ...] = ()


class Resolution(Record):
    """The lock and the steps that install it."""

    dependencies: tuple[LockedDependency, ...]
    lock_files: Mapping[str, str]
    """``requirements.lock`` (installed into the environment) and ``build.lock`` (back-ends); may be empty."""
    install_steps: tuple[str, ...]
    rebuild_steps: tuple[str, ...]
    env: Mapping[str, str] = Field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    """Declared requirements that could not be had as of the date, as they were written."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Symptoms:
    """What broke, and what a repair may look at."""

    phase: Literal["resolve", "build", "tests"]
    log: str
    report: TestReport | None
    cutoff: datetime
    index: TimeMachine
    lookup: Lookup | None = None
    """Which system package brings a file or exists at all; ``None``: nobody knows."""
    when: datetime | None = None
    """Moment of the change; ``cutoff`` may be up to a quarter earlier."""
    reason: str = ""
    """What the builder calls it, e.g. ``project_does_not_build``."""
    sources: Tree | None = None
    """The repository with the change in place; ``None``: nobody can look."""
    installed: frozenset[str] = frozenset()
    """Distributions that the environment had."""


class Repair(Record):
    """One change to a declaration, to be tried next."""

    declaration: Declaration
    change: str
    """For people: ``add requirement pytest-mock``."""
    evidence: Evidence


class Change(Record):
    """One change that a language model proposes; a language's ``amend`` says whether it is sound."""

    change: Literal[
        "add_requirement",
        "pin_requirement",
        "add_system_package",
        "set_env",
        "add_test_arg",
        "choose_interpreter",
    ]
    value: str = Field(min_length=1, max_length=200)
    """A requirement, a package, ``NAME=value``, an option of the runner, or a version such as ``3.8``."""
    why: str = Field(default="", max_length=2000)
