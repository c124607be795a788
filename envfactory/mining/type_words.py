"""The vocabulary of ``task_type``: what prefixes, labels, words and file names say about a change.

Only tables; prefixes are those of Conventional Commits and of the changelog tools and large projects that
have their own (numpy's ``ENH``/``MAINT``, towncrier's fragment kinds).
"""

from __future__ import annotations

import re

from envfactory.records import TaskType


def _table(words: dict[TaskType, str]) -> dict[str, TaskType]:
    return {word: kind for kind, text in words.items() for word in text.split()}


PREFIXES: dict[str, TaskType] = _table(
    {
        "bug_fix": "fix fixes fixed fixing bugfix bugfixes hotfix bug regression",
        "feature": "feat feature features enh enhancement new add adds added adding support implement allow",
        "performance": "perf performance speed opt optimize optimise",
        "refactor": "refactor refactoring ref maint cleanup clean style chore typing lint misc trivial",
        "test": "test tests tst",
        "docs": "docs doc documentation",
        "dependency": "deps dep dependencies build bump",
    }
)
LABELS: dict[str, TaskType] = _table(
    {
        "bug_fix": "bug bugs bugfix regression defect crash fix",
        "feature": "feature enhancement feat improvement",
        "performance": "performance perf speed optimization",
        "refactor": "refactor refactoring cleanup maintenance",
        "test": "tests testing",
        "docs": "documentation docs",
        "dependency": "dependencies dependency deps",
    }
)
"""Words inside labels: ``type: bug``, ``kind/feature``, ``C-enhancement``."""

WORDS: tuple[tuple[TaskType, str], ...] = (
    ("dependency", r"\b(?:bump|upgrade|pin|update)\b.*\b(?:dependenc|requirement|from [\d.]+ to [\d.]+)"),
    (
        "performance",
        r"\b(?:speed[- ]?up|faster|performance|optimi[sz]e|slow|memory usage|quadratic|efficien)",
    ),
    (
        "bug_fix",
        r"\b(?:fix(?:e[sd])?|bugs?|regression|crash(?:es)?|broken|wrong(?:ly)?|incorrect(?:ly)?|leak|race|handle"
        r"|prevent|avoid|correct(?:ly)?|properly|raise[sd]? \w*Error|fail(?:s|ed|ing|ure)?|don'?t|doesn'?t"
        r"|not|issue)\b",
    ),
    (
        "refactor",
        r"\b(?:refactor|clean ?up|renam|simplif|moderni[sz]e|reorgani[sz]e|rework|drop|remove|typing|lint)",
    ),
    (
        "feature",
        r"\b(?:add(?:s|ed)?|support|implement|allow|new|introduce|enable|option|provide|expose|customi[sz]e|show|display|accept|extend)\b",
    ),
    ("docs", r"\b(?:docs?|documentation|docstrings?|typos?|readme)\b"),
    ("test", r"\b(?:tests?|coverage|testing)\b"),
)

FROM_DIFF: tuple[tuple[TaskType, re.Pattern[str]], ...] = (
    (
        "dependency",
        re.compile(
            r"(?:^|/)(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|(?:poetry|uv|pdm|Pipfile|yarn|Cargo)\.lock|go\.(?:mod|sum)"
            r"|package(?:-lock)?\.json|pnpm-lock\.yaml|Pipfile)$|(?:^|/)requirements/"
        ),
    ),
    (
        "docs",
        re.compile(r"(?:^|/)docs?/|\.(?:md|rst|adoc)$|(?:^|/)(?:README|LICENSE|AUTHORS)", re.IGNORECASE),
    ),
)
"""Types of changes that touch nothing but such files."""
