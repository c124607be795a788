"""Is the resolved pytest of its time?  A resolver that backtracks past a hole in the index says nothing.

Re-uploaded projects have no file before some date; a resolve as of an earlier one silently ends at a
years-old runner.  Looks at upload times only.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envfactory.languages.declaration import Declaration, Requirement
from envfactory.languages.python_rules.lock import find
from envfactory.languages.python_rules.names import name_of

if TYPE_CHECKING:
    from envfactory.timemachine import TimeMachine

STALE = timedelta(days=548)
"""A runner more than 18 months older than the date means that the resolver backtracked."""


def stale_runner(index: TimeMachine, pins: dict[str, str], cutoff: datetime) -> str:
    """Lower bound for pytest when the resolved one is far older than the date; else empty."""
    if "pytest" not in pins:
        return ""
    releases = index.dated("pypi", "pytest", cutoff)
    resolved = find(releases, pins["pytest"])
    times = [file.upload_time for file in resolved.files if file.upload_time] if resolved else []
    if not times or cutoff - min(times) <= STALE:
        return ""
    recent = [
        release.version
        for release in releases
        if any(file.upload_time and cutoff - file.upload_time <= STALE for file in release.files)
    ]
    versions = sorted(_version(text) for text in recent if not _version(text).is_prerelease)
    return str(versions[0]) if versions else ""


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def with_floor(declaration: Declaration, floor: str) -> tuple[Requirement, ...]:
    """The requirements with that lower bound on pytest."""
    return tuple(
        item.model_copy(
            update={
                "text": f"{item.text},>={floor}" if re.search(r"[<>=]", item.text) else f"pytest>={floor}"
            }
        )
        if name_of(item.text) == "pytest"
        else item
        for item in declaration.requirements
    )
