"""Guesses what sort of work a pull request is, from its title, branch, labels and news fragments.

A label for filtering data sets, never a reason to accept or reject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from envfactory.records import PullRequest, TaskType

_PREFIXES: dict[str, TaskType] = {
    **dict.fromkeys(("fix", "bugfix", "hotfix", "bug", "regression", "fixed", "fixes"), "bug_fix"),
    **dict.fromkeys(
        (
            "feat",
            "feature",
            "enh",
            "enhancement",
            "new",
            "add",
            "adds",
            "added",
            "support",
            "implement",
            "allow",
        ),
        "feature",
    ),
    **dict.fromkeys(("perf", "performance", "speed", "opt"), "performance"),
    **dict.fromkeys(
        ("refactor", "ref", "maint", "cleanup", "clean", "style", "chore", "typing", "lint"), "refactor"
    ),
    **dict.fromkeys(("test", "tests", "tst"), "test"),
    **dict.fromkeys(("docs", "doc", "documentation"), "docs"),
    **dict.fromkeys(("deps", "dep", "dependencies", "build", "bump"), "dependency"),
}
_PREFIX = re.compile(r"^\[?(?P<word>[A-Za-z]+)\]?(?:\([^)]*\))?!?\s*[:\]/]")
_WORDS: tuple[tuple[TaskType, str], ...] = (
    ("dependency", r"\b(?:bump|upgrade|pin|update)\b.*\b(?:dependenc|requirement|from [\d.]+ to [\d.]+)"),
    (
        "performance",
        r"\b(?:speed[- ]?up|faster|performance|optimi[sz]e|slow|memory usage|quadratic|efficien)",
    ),
    (
        "bug_fix",
        r"\b(?:fix(?:e[sd])?|bugs?|regression|crash(?:es)?|broken|wrong(?:ly)?|incorrect(?:ly)?|leak|race|handle"
        r"|prevent|avoid|correct(?:ly)?|properly|raise[sd]? \w*Error|fail(?:s|ed|ing|ure)?|don'?t|issue)\b",
    ),
    (
        "refactor",
        r"\b(?:refactor|clean ?up|renam|simplif|moderni[sz]e|reorgani[sz]e|rework|drop|remove|typing|lint)",
    ),
    ("feature", r"\b(?:add(?:s|ed)?|support|implement|allow|new|introduce|enable|option|provide|expose)\b"),
    ("docs", r"\b(?:docs?|documentation|docstrings?|typos?|readme)\b"),
    ("test", r"\b(?:tests?|coverage|testing)\b"),
)


def task_type(pull: PullRequest, fragments: Iterable[str] = ()) -> TaskType:
    """The first thing that tells: how the title begins, labels, news fragment, branch, its words."""
    heads = [pull.title, f"{pull.title.partition(' ')[0]}:", *(f"{label}:" for label in pull.labels)]
    heads += [f"{kind}:" for path in fragments for kind in _fragment_kinds(path)]
    heads.append(f"{pull.branch.partition('/')[0]}:" if "/" in pull.branch else "")
    return (
        _by_prefix(heads)
        or _by_words([pull.title, *(commit.subject for commit in pull.commits[:3])])
        or "other"
    )


def _by_prefix(heads: Sequence[str]) -> TaskType | None:
    for head in heads:
        found = _PREFIX.match(head)
        if found and found["word"].lower() in _PREFIXES:
            return _PREFIXES[found["word"].lower()]
    return None


def _by_words(lines: Sequence[str]) -> TaskType | None:
    for line in lines:
        for kind, pattern in _WORDS:
            if re.search(pattern, line, re.IGNORECASE):
                return kind
    return None


def _fragment_kinds(path: str) -> list[str]:
    """``newsfragments/123.bugfix.rst`` -> ``['123', 'bugfix']``."""
    return path.rpartition("/")[2].split(".")[:-1] if "/" in path else []
