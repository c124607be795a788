"""Names of tox environments: brace expansion, factors, and which name stands for the tests.

Only words; the files are read in ``tox_environments``.
"""

from __future__ import annotations

import itertools
import re

OTHER_WORK = re.compile(
    r"lint|flake|style|format|black|ruff|isort|typ|mypy|pyright|pyre|doc|sphinx|changelog|release|build|package|"
    r"manifest|pre-?commit|readme|twine|publish|check|bench|cover|report|clean|security|bandit|dev$|update|rever"
)
"""Names of environments and sessions that do other work than testing."""

PYTHON = re.compile(r"(?:py|python)?(\d)[._]?(\d{1,2})")
SPECIAL = re.compile(
    r"min|low|old|pre|dev|main|master|head|nightly|pypy|mpi|no\w|without|bare|base|dist|random|mysql|postgres|pg\b"
    r"|maria|oracle|mssql|redis|elastic|slow|integration|live|free|cov|\dt\b|ci\b|stable|latest"
)
"""Factors that ask for something out of the ordinary."""
MOST_ENVIRONMENTS = 2000


def expanded(names: str) -> list[str]:
    """``py{36,37}-a, b`` is ``py36-a``, ``py37-a``, ``b``; bounded."""
    found: list[str] = []
    for name in re.split(r"[,\s]+(?![^{}]*\})", re.sub(r"#.*", "", names)):
        parts = re.split(r"\{([^{}]*)\}", re.sub(r"\s+", "", name))
        choices = [_choices(part) if index % 2 else [part] for index, part in enumerate(parts)]
        found += [
            "".join(items) for items in itertools.islice(itertools.product(*choices), MOST_ENVIRONMENTS)
        ]
    return [name for name in found[:MOST_ENVIRONMENTS] if name]


def _choices(text: str) -> list[str]:
    span = re.fullmatch(r"(\d+)-(\d+)", text)
    if span:
        return [str(number) for number in range(int(span.group(1)), min(int(span.group(2)), 99) + 1)]
    return text.split(",")


def chosen(names: list[str], interpreter: str) -> str:
    """The environment for the interpreter that asks for least; the last of equals is the newest."""
    digits = interpreter.replace(".", "")

    def score(name: str) -> tuple[bool, int, int]:
        factors = name.split("-")
        exact = any(part in {f"py{digits}", interpreter, f"python{interpreter}", digits} for part in factors)
        other = not exact and any(PYTHON.fullmatch(part) or "pypy" in part for part in factors)
        return (not other, 2 * exact, -sum(bool(SPECIAL.search(part)) for part in factors))

    useful = [name for name in names if not OTHER_WORK.search(name)]
    best = max(map(score, useful), default=None)
    return next((name for name in reversed(useful) if score(name) == best), f"py{digits}")


def factors_of(name: str, interpreter: str) -> frozenset[str]:
    """Factors of an environment, those of the interpreter taken from ``interpreter`` where it is given."""
    digits = interpreter.replace(".", "")
    own = {f"py{digits}", f"py{interpreter}", interpreter, "py", "py3"} if digits else set()
    others = {part for part in name.split("-") if not (digits and PYTHON.fullmatch(part))}
    return frozenset(own | others | {"linux"})


