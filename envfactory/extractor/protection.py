"""Which paths of a task are protected, which are shared, and what gold brings of the runner's own files.

Derived once per task from its trees: the language's patterns, all test files and their data (folders
that hold nothing else become one pattern), the runner's part of shared files.  Nothing is run here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envfactory.grader.protected import RUNNER_TABLES, is_shared, shared_paths, splice
from envfactory.languages.protocol import FileKind
from envfactory.records import Candidate, HiddenFile
from envfactory.trials.hidden import read_files
from envfactory.trials.protection import exactly, is_protected

if TYPE_CHECKING:
    from envfactory.git.tree import Tree
    from envfactory.languages.protocol import Language

TESTS = (FileKind.TEST, FileKind.TEST_DATA)


@dataclass(frozen=True)
class Protection:
    """What a reward spec says about paths."""

    patterns: tuple[str, ...]
    shared: tuple[HiddenFile, ...]
    hidden: tuple[HiddenFile, ...]
    """Placed like hidden tests: files of the runner's own that the gold patch changes, and shared files
    with the gold run's tables, for patches that leave those files alone."""


def protection(
    language: Language, base: Tree, after: Tree, candidate: Candidate, modules: Sequence[str]
) -> Protection:
    """The protection of one task whose runner is given ``modules``."""
    present = sorted({*base.paths(), *after.paths()})
    kinds = language.file_kinds(base, after, present)
    gold = frozenset(candidate.source_files)
    tests = {path for path, kind in kinds.items() if kind in TESTS and path not in gold}
    tests |= {*candidate.test_files, *modules} - gold
    shared = shared_paths(after.exists, modules)
    program = [path for path in present if kinds.get(path) is FileKind.SOURCE or path in gold]
    steering = [path for path in gold if _steers(path, kinds, language.PROTECTED) and path not in shared]
    free = {path for path in program if path not in steering} | set(shared)
    free |= {path for path in present if is_shared(path) and path not in tests}
    rules = (*language.PROTECTED, *RUNNER_TABLES, *folded(tests, present))
    exempt = tuple("!" + exactly(path) for path in sorted(free) if is_protected(path, rules))
    spliced = [file for path in shared for file in _spliced(path, base, after)]
    return Protection(rules + exempt, read_files(after, shared), (*read_files(after, steering), *spliced))


def _steers(path: str, kinds: Mapping[str, FileKind], patterns: Sequence[str]) -> bool:
    """A file of the runner's own, such as its configuration, not a program that is called like one."""
    return kinds.get(path) is not FileKind.SOURCE and is_protected(path, patterns)


def _spliced(path: str, base: Tree, after: Tree) -> list[HiddenFile]:
    """The base's version of a shared file with the gold run's tables, if that makes a difference."""
    old, gold = base.read(path) or b"", after.read(path) or b""
    content = splice(path, old, gold)
    if content == old:
        return []
    return [HiddenFile(path=path, content=base64.b64encode(content).decode("ascii"))]


def folded(tests: set[str], present: Sequence[str]) -> tuple[str, ...]:
    """Patterns for exactly those test files, by whole folders where a folder holds nothing else."""
    mixed = {"", *(folder for path in present if path not in tests for folder in _folders(path))}
    patterns = set()
    for path in tests:
        whole = next((folder for folder in _folders(path) if folder not in mixed), None)
        patterns.add(exactly(whole) + "/**" if whole else exactly(path))
    return tuple(sorted(patterns))


def _folders(path: str) -> list[str]:
    """All folders above a file, topmost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
