"""Keeps out of a problem statement what would give the answer away.

That is: names and files of the hidden tests, lines that the gold patch adds, and the pull request that
holds the fix (its number, its links, its commits).  Prose that describes the change in words of its own is
never a leak.  This module judges text; what to do about it is the business of ``passages``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from envfactory.records import PullRequest

_TEST_NAME = re.compile(
    r"\b(?:def|class|func|fn|function)\s+(test\w*|\w*Tests?(?:Case)?)\b|\b(?:it|test)\(\s*['\"](.+?)['\"]",
    re.ASCII,
)
_FILE = re.compile(r"^diff --git a/(?P<path>.+) b/(?P=path)$", re.MULTILINE)
_CODE_FILE = (".py", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".c", ".cc", ".cpp")
_COMMON_FILES = {"__init__.py", "conftest.py", "setup.py", "mod.rs", "index.js", "index.ts"}
_COMMON_NAMES = {"test", "tests", "testcase", "testing"}
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")
_CODE = re.compile(r"[=(){}\[\];<>|&%$@\\]|::|->|\w\.\w|\w_\w")
_IMPORT = re.compile(r"(?:import [\w., ]+|from \.*[\w.]+ import [\w., ]+(?: as \w+)?)")
SHORTEST = 12
"""A shorter line without its blanks (``return None`` has ten) is too common to give anything away."""
_FEW_WORDS = 3
_SHORTEST_CHANGED = 4
"""Letters of a line in somebody's diff; shorter ones (``else:``) are not compared."""


class Leaks:
    """What must not be said, read from the test patch, the gold patch and the pull request."""

    def __init__(self, tests: str, gold: str, pull: PullRequest | None = None) -> None:
        self._names = test_names(tests)
        self._phrases = {name for name in self._names if not name.isidentifier()}
        paths = [path.rpartition("/")[2] for path in _FILE.findall(tests)]
        self._files = {path.casefold() for path in paths if path.endswith(_CODE_FILE)} - _COMMON_FILES
        stems = {path.partition(".")[0] for path in self._files}
        self._names |= {stem for stem in stems if re.search(r"^test_|_test$", stem)}
        self._lines: dict[str, list[str]] = defaultdict(list)
        for line in telling_lines(gold):
            self._lines[line[:SHORTEST]].append(line)
        self._changed = {squeezed(line) for line in re.findall(r"^[+-](?!\+\+ |-- )(.*)", gold, re.MULTILINE)}
        self._pull = _pull_pattern(pull) if pull is not None else None
        self._commits = _commits(pull) if pull is not None else []

    def found(self, text: str) -> str:
        """Why this line or paragraph must not be shown; '' when it may."""
        if self._files & set(re.findall(r"[\w-]+\.\w+", text.casefold())):
            return "names a file of the hidden tests"
        if self.tests_named(text):
            return "names a hidden test"
        if self.quotes(text):
            return "is a line of the solution"
        if self._pull is not None and self._pull.search(text):
            return "names the pull request that solves it"
        shas = _COMMIT.findall(text)
        if any(commit.startswith(sha) for sha in shas for commit in self._commits):
            return "names a commit that solves it"
        return ""

    def tests_named(self, text: str) -> set[str]:
        """Names of hidden tests in a text, as the text has them."""
        names = {word for word in re.findall(r"\w+", text) if word.casefold() in self._names}
        folded = text.casefold()
        return names | {phrase for phrase in self._phrases if phrase in folded}

    def quotes(self, text: str) -> bool:
        """Does a text hold an added line of the gold patch, however it is indented or wrapped."""
        bare = squeezed(text)
        return any(
            bare.startswith(line, start)
            for start in range(len(bare) - SHORTEST + 1)
            for line in self._lines.get(bare[start : start + SHORTEST], ())
        )

    def changes(self, line: str) -> bool:
        """Is this, but for blanks, a line that the gold patch adds or removes."""
        return len(re.findall(r"\w", line)) >= _SHORTEST_CHANGED and squeezed(line) in self._changed


def test_names(patch: str) -> set[str]:
    """Names of tests that a test patch shows, folded to lower case, but for those that anything may bear."""
    names = {first or second for first, second in _TEST_NAME.findall(patch)}
    return {name.casefold().strip() for name in names} - _COMMON_NAMES - {""}


def telling_lines(patch: str) -> set[str]:
    """The added lines of a patch that give something away, without blanks.

    Left out are lines that the patch also removes or shows as context (they were there before), and
    those that ``trivial`` says are.
    """
    added, known = set(), set()
    for line in patch.split("\n"):
        if line.startswith("+") and not line.startswith("+++ "):
            added.add(line[1:])
        elif line.startswith((" ", "-")):
            known.add(squeezed(line[1:]))
    return {squeezed(line) for line in added if not trivial(line)} - known


def trivial(line: str) -> bool:
    """A line that gives nothing away: under 12 characters, one word, an import, or three words of prose."""
    bare = line.strip()
    if len(squeezed(bare)) < SHORTEST or len(re.findall(r"\w+", bare)) < 2 or _IMPORT.fullmatch(bare):
        return True
    return not _CODE.search(bare) and len(bare.split()) <= _FEW_WORDS


def squeezed(text: str) -> str:
    """Text without any blanks."""
    return "".join(text.split())


def _pull_pattern(pull: PullRequest) -> re.Pattern[str]:
    repo, number = re.escape(pull.repo), pull.number
    return re.compile(
        rf"(?:(?<![\w/.-])|(?<![\w/.-]){repo})#{number}\b|\bGH-{number}\b|/pull/{number}\b"
        rf"|\b(?:PR|pull request)s?[ :#-]*{number}\b|[:}}]`#?{number}`",
        re.IGNORECASE,
    )


def _commits(pull: PullRequest) -> list[str]:
    known: Iterable[str | None] = (
        pull.head_commit,
        pull.merge_commit,
        *(commit.sha for commit in pull.commits),
    )
    return [commit for commit in known if commit]


__all__ = ["SHORTEST", "Leaks", "squeezed", "telling_lines", "test_names", "trivial"]
