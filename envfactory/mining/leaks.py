"""Keeps out of a problem statement what would give the answer away: hidden tests and added code.

It judges single lines against the two patches; prose that describes the change is never a leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TEST_NAME = re.compile(
    r"\b(?:def|class|func|fn|function)\s+(test\w*|\w*Tests?(?:Case)?)\b|\b(?:it|test)\(\s*['\"](.+?)['\"]"
)
_TEST_FILE = re.compile(r"^diff --git a/(?P<path>.+) b/(?P=path)$", re.MULTILINE)
_CODE = re.compile(r"[=(){}\[\];]|^(?:def|class|import|from|return|if|for|while|raise|with|assert)\b")
_KEYWORDS = re.compile(
    r"\b(?:if|elif|else|is|not|in|and|or|for|while|with|as|from|import|return|raise|yield|async|await|def|class"
    r"|lambda|del|global|assert|try|except|None|True|False|const|let|var|new|function|public|private|static"
    r"|final|unsigned|struct|void|func|fn|mut|impl)\b"
)
_PROSE = re.compile(r"\b[A-Za-z]{2,}[,.]?(?: [A-Za-z]{2,}[,.]?){2,}")
"""Three words in a row that are no keywords, outside quotes: a sentence of a docstring, not code."""
_SHORTEST = 12
"""A shorter line of code (``return None``) is too common to give anything away."""


class Leaks:
    """What must not be said, read from a test patch and from the code part of a gold patch."""

    def __init__(self, tests: str, source: str) -> None:
        self._tests = {
            first or second for line in tests.split("\n") for first, second in _TEST_NAME.findall(line)
        } - {"test", "tests", "Test", "Tests", "TestCase"}
        paths = _TEST_FILE.findall(tests)
        self._files = {
            path.rpartition("/")[2] for path in paths if path.endswith((".py", ".js", ".ts", ".go", ".rs"))
        }
        self._code = {_squeezed(line) for line in _added(source) if _is_code(line)}

    def found(self, line: str) -> str:
        """Why this line must not be shown; '' when it may."""
        names = {*re.findall(r"\w+", line), *re.findall(r"[\w-]+\.\w+", line)}
        if names & self._tests or any(name in line for name in self._tests if " " in name):
            return "names a hidden test"
        if names & self._files:
            return "names a file of the hidden tests"
        item = re.sub(r"^\s*(?:(?:[-*+>]|>>>|\d+\.)\s+)?", "", line)
        squeezed = _squeezed(item.strip("`"))
        if len(squeezed) >= _SHORTEST and squeezed in self._code:
            return "is a line of the solution"
        return ""


def _added(patch: str) -> Iterable[str]:
    for line in patch.split("\n"):
        if line.startswith("+") and not line.startswith("+++"):
            yield line[1:]


def _is_code(line: str) -> bool:
    text = line.strip()
    if text.startswith(("#", "//", ">>>", "...", '"', "'", "*")) or not _CODE.search(text):
        return False
    bare = re.sub(r"([\"']).*?\1|\s(?:#|//).*$", "", text)
    return _PROSE.search(_KEYWORDS.sub("0", bare)) is None


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line)
