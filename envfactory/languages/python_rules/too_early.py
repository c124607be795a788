"""Whether what could not be had as of a date is needed and was released only a little later.

An environment made without such a requirement breaks in its tests: better known before it is built.
Asks the index only; decides nothing about dates that other tasks share.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from envfactory.languages.declaration import Declaration, Resolution
from envfactory.languages.python_rules.import_names import candidates
from envfactory.languages.python_rules.names import name_of, normalise

if TYPE_CHECKING:
    from envfactory.timemachine import TimeMachine


def too_early(
    declaration: Declaration, resolution: Resolution, index: TimeMachine, cutoff: datetime, later: datetime
) -> tuple[str, ...]:
    """Dropped distributions that the project or its tests import and that have newer releases by ``later``.

    Those that only tools need (linters pinned by a bot) are no reason to leave a date that neighbours share.
    """
    needed = {name_of(text) for text in declaration.metadata.get("", ())}
    needed |= {normalise(name) for module in declaration.test_imports for name in candidates(module)}
    dropped = dict.fromkeys(name_of(text) for text in resolution.dropped)
    return tuple(name for name in dropped if name in needed and _newer(name, index, cutoff, later))


def _newer(name: str, index: TimeMachine, cutoff: datetime, later: datetime) -> bool:
    known = set(_versions(index, name, cutoff))
    return any(version not in known for version in _versions(index, name, later))


def _versions(index: TimeMachine, name: str, when: datetime) -> Iterable[str]:
    return (release.version for release in index.dated("pypi", name, when))
