"""Names of tox environments: brace expansion, factors, and which name stands for the tests.

Only words; the files are read in ``tox_environments``.
"""

from __future__ import annotations

import itertools
import re

OTHER_WORK = re.compile(
    r"lint|flake|style|format|black|ruff|isort|typ|mypy|pyright|pyre|doc|sphinx|changelog|release|build|packag|"
    r"manifest|pre-?commit|readme|twine|publish|check|bench|cover|report|clean|security|bandit|dev$|update|rever|pep\d"
)
"""Names of environments and sessions that do other work than testing."""

PYTHON = re.compile(r"(?:py|python)?(\d)[._]?(\d{1,2})")
GENERIC = re.compile(r"py|py3|python|python3|(?:py)?tests?|unit(?:tests?)?|all|full|default")
SPECIAL = re.compile(
    r"min|low|old|pre|dev|main|master|head|nightly|pypy|mpi|no\w|without|bare|base|dist|random|mysql|postgres|postgis|gis|pg\b"
    r"|psycopg|maria|oracle|mssql|redis|elastic|slow|integration|live|free|cov|\dt\b|ci\b|stable|latest|unittest2"
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
    # A brace or comma that is left was never closed.
    return [name for name in found[:MOST_ENVIRONMENTS] if name and not set(name) & set("{},")]


def _choices(text: str) -> list[str]:
    span = re.fullmatch(r"(\d+)-(\d+)", text)
    if span:
        return [str(number) for number in range(int(span.group(1)), min(int(span.group(2)), 99) + 1)]
    return text.split(",")


def chosen(names: list[str], interpreter: str) -> str:
    """The environment for the interpreter that asks for least; of equals the newest versions of anything."""
    useful = [name for name in names if not OTHER_WORK.search(name)]
    best = max((_score(name, interpreter) for name in useful), default=None)
    equals = [name for name in useful if _score(name, interpreter) == best]
    # Lists ascend: the last names the newest versions; of its variants the first is the plain one.
    newest = _versioned(equals[-1]) if equals else ()
    return next((name for name in equals if _versioned(name) == newest), f"py{interpreter.replace('.', '')}")


def _score(name: str, interpreter: str) -> tuple[int, int]:
    factors, digits = name.split("-"), interpreter.replace(".", "")
    special = -sum(bool(SPECIAL.search(part)) for part in factors)
    if any(part in {f"py{digits}", interpreter, f"python{interpreter}", digits} for part in factors):
        return 3, special
    if all(map(GENERIC.fullmatch, factors)):
        return 2, special
    # An environment of another version stands in, its interpreter replaced.
    return int(any(PYTHON.fullmatch(part) or GENERIC.fullmatch(part) for part in factors)), special


def _versioned(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("-") if re.search(r"\d", part))


def factors_of(name: str, interpreter: str) -> frozenset[str]:
    """Factors of an environment, those of the interpreter taken from ``interpreter`` where it is given."""
    digits = interpreter.replace(".", "")
    own = {f"py{digits}", f"py{interpreter}", interpreter} if digits else set()
    others = {part for part in name.split("-") if not (digits and PYTHON.fullmatch(part))}
    return frozenset(own | others | {"linux"})


def versions_of(names: list[str]) -> tuple[str, ...]:
    """CPython versions that environments are named for."""
    matches = (PYTHON.fullmatch(part) for name in names for part in name.split("-")[:2])
    return tuple(
        dict.fromkeys(f"3.{int(match.group(2))}" for match in matches if match and match.group(1) == "3")
    )
