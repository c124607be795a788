"""The ``Language`` protocol: all that the stages know about a programming language.

A language is one module of this package with these names; ``envfactory/languages/__init__.py`` checks
each against the protocol where it registers it.  This module holds no rule of any language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from envfactory.languages.changed_source import ChangedSource, Mutant, Rewriting
from envfactory.languages.declaration import (
    Change,
    Declaration,
    Lookup,
    Repair,
    Resolution,
    ResolveRequest,
    Symptoms,
)
from envfactory.records import Evidence, Record

if TYPE_CHECKING:
    from envfactory.git.tree import Tree
    from envfactory.timemachine import TimeMachine


class FileKind(StrEnum):
    """What a file of a repository is for; decides which patch a change to it belongs to."""

    TEST = "test"
    TEST_DATA = "test_data"
    SOURCE = "source"
    CONFIG = "config"
    DOCS = "docs"
    CHANGELOG = "changelog"
    OTHER = "other"


class Collector(Record):
    """How the test runner is made to write our JSON lines.

    ``resource`` is a file of ``envfactory/trials/collectors``; the trial places it in a directory of
    its own outside ``/testbed``, puts that directory on the runner's import path and appends ``args``.
    """

    resource: str
    args: tuple[str, ...]
    env: Mapping[str, str] = Field(default_factory=dict)


class Language(Protocol):
    """One programming language; a module satisfies this."""

    @property
    def NAME(self) -> str:
        """Key in ``LANGUAGES`` and value of ``Candidate.language``."""

    @property
    def DOCKERFILE(self) -> str:
        """Name of the template in ``dockerfiles/``."""

    @property
    def DEPENDENCIES(self) -> str:
        """Name of the template in ``dockerfiles/`` of the script that installs what is locked."""

    @property
    def IMAGE_ENV(self) -> Mapping[str, str]:
        """Variables of every image, whatever the task."""

    @property
    def COLLECTOR(self) -> Collector:
        """What makes the runner report."""

    @property
    def PROTECTED(self) -> tuple[str, ...]:
        """Glob patterns of paths that a graded patch must not change."""

    def detect(self, tree: Tree) -> Evidence | None:
        """Why this tree is a project of this language, or ``None``."""

    # mining: pure functions on trees

    def file_kinds(self, base: Tree, after: Tree, paths: Sequence[str]) -> Mapping[str, FileKind]:
        """Kind of every path of ``paths``, read from the project's own configuration."""

    def test_modules(self, after: Tree, touched: Sequence[str]) -> tuple[str, ...]:
        """Modules to run for touched test files and test data."""

    def changes_behaviour(self, base: Tree, after: Tree, source_paths: Sequence[str]) -> bool:
        """False when only comments, docstrings or formatting differ."""

    def has_new_checks(self, base: Tree, after: Tree, modules: Sequence[str]) -> bool:
        """False when the change to the tests adds or changes no test."""

    def interface(self, base: Tree, after: Tree, modules: Sequence[str]) -> str:
        """Names that the tests use and base lacks, with their signatures."""

    # building

    def declare(self, base: Tree, after: Tree, when: datetime) -> Declaration:
        """What the maintainers declare in either tree."""

    def resolve(self, declaration: Declaration, request: ResolveRequest) -> Resolution:
        """The lock as of ``request.cutoff``; raises ``BuildError``."""

    def too_early(
        self,
        declaration: Declaration,
        resolution: Resolution,
        index: TimeMachine,
        cutoff: datetime,
        later: datetime,
    ) -> tuple[str, ...]:
        """What the tests need, was dropped as of ``cutoff`` and has newer releases by ``later``."""

    def repair(self, declaration: Declaration, symptoms: Symptoms) -> Repair | None:
        """One change that may help, or ``None``."""

    def amend(
        self, declaration: Declaration, change: Change, lookup: Lookup | None = None
    ) -> Declaration | None:
        """The declaration with a change that a model proposes; ``None`` when that is not sound."""

    # testing

    def test_command(self, declaration: Declaration) -> tuple[str, ...]:
        """Runner and fixed options; test modules are appended."""

    def related_modules(
        self, after: Tree, source_paths: Sequence[str], test_modules: Sequence[str], limit: int
    ) -> tuple[str, ...]:
        """Further test modules that test the touched source."""

    def builds_native(self, tree: Tree) -> bool:
        """True when installing the project compiles something."""

    def needs_rebuild(self, base: Tree, after: Tree, paths: Sequence[str]) -> bool:
        """True when a change of ``paths`` takes effect only after the install steps are repeated."""

    def same_source(self, base: Tree, after: Tree, test_ids: Sequence[str]) -> Mapping[str, bool]:
        """Per test id: is the test's own source the same in both trees."""

    # trying out the tests: pure functions on texts

    def is_program(self, path: str) -> bool:
        """Whether tests can be expected to run a file of this path."""

    @property
    def EQUAL_VARIANTS(self) -> Mapping[str, Rewriting]:
        """By name the ways to write a changed file otherwise without changing what it does."""

    def mutants(self, source: ChangedSource) -> Sequence[Mutant]:
        """Small mistakes in the lines that the gold patch adds, in order of their place."""

    def fingerprint(self, text: str) -> str | None:
        """Equal for texts that compile to the same program; ``None`` for what does not compile."""

    def behaviour(self, text: str | None) -> str | None:
        """Equal for texts that differ in what no test can see; ``None`` if it cannot be told."""

    def statements(self, text: str) -> Sequence[range]:
        """Lines of every statement that a traced run which reaches it is seen in."""

    @property
    def TRACER(self) -> Collector:
        """What makes the runner write which lines of some files it ran."""
