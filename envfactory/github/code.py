"""The code of repositories on GitHub: bare mirrors in the user's cache, fetched from the server's address.

Diffs and archives of the web interface are never used.  A mirror that is gone is fetched again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from envfactory.errors import CloneError
from envfactory.git.clone import Clone
from envfactory.git.mirror import Mirror
from envfactory.git.records import GITLINK
from envfactory.github.addresses import Addresses
from envfactory.github.tokens import git_environment, read_tokens
from envfactory.records import PullRequest


def mirror(folder: Path, addresses: Addresses, repo: str, credentials: Mapping[str, str]) -> Mirror:
    """The mirror of ``repo`` in the ``folder`` of its server; nothing is fetched."""
    if ".." in repo.split("/"):
        raise CloneError(f"{repo!r} is no repository", cause="clone_path_unusable")
    return Mirror(folder / "clones" / f"{repo.lower()}.git", addresses.clone(repo), credentials)


def open_mirror(pull: PullRequest, cache: Path, environ: Mapping[str, str] | None = None) -> Clone:
    """A clone that holds both sides of ``pull`` with all file contents.

    Raises ``CloneError`` when the server does not give what is missing.
    """
    variables = os.environ if environ is None else environ
    addresses = Addresses.from_environment(variables)
    folder = cache / "github" / addresses.host

    def asking() -> Mirror:
        """The same mirror with what the server wants to see."""
        tokens = read_tokens(addresses, variables)
        credentials = git_environment(addresses, tokens[0] if tokens else None, variables)
        return mirror(folder, addresses, pull.repo, credentials)

    here = mirror(folder, addresses, pull.repo, {})
    if not here.exists:
        asking().update(partial=False)
    clone = Clone.open(here.path, repo=pull.repo, cache=cache)
    missing = _missing(clone, pull) if clone.partial else []
    if missing:
        asking().fill(missing)
        clone.close()  # what is open does not see new packs
    return clone


def _missing(clone: Clone, pull: PullRequest) -> list[str]:
    """File contents of base and head that this partial mirror lacks."""
    sides = [commit for commit in (pull.base_commit, pull.head_commit) if clone.has(commit)]
    names = {
        entry.id for side in sides for entry in clone.tree(side).entries.values() if entry.mode != GITLINK
    }
    return sorted(clone.missing(names))
