"""The code of a pull request: the clone that it was mined from, else the mirror of its repository.

Decides which of the two; opening and fetching are done in the rooms of git and of GitHub.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.records import PullRequest

if TYPE_CHECKING:
    from envfactory.git import Clone


def open_code(pull: PullRequest, source: str, cache: Path) -> Clone:
    """``source`` is what it was mined from.  Raises ``UsageError`` when that clone is gone, ``CloneError``
    when the server does not give the code."""
    from envfactory.git import Clone

    if Path(source).is_dir() or pull.source == "git":
        return Clone.open(Path(source), repo=pull.repo, cache=cache)
    from envfactory.github import open_mirror

    return open_mirror(pull, cache)
