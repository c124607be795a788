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


def open_code(pull: PullRequest, cache: Path, environ: Mapping[str, str] | None = None) -> Clone:
    """A clone that holds both sides of ``pull`` with all file contents.

    Raises ``CloneError`` when the server does not give what is missing.
    """
    variables = os.environ if environ is None else environ
    addresses = Addresses.from_environment(variables)
    tokens = read_tokens(addresses, variables)
    credentials = git_environment(addresses, tokens[0] if tokens else None, variables)
    here = mirror(cache / "github" / addresses.host, addresses, pull.repo, credentials)
    if not here.exists:
        here.update(partial=False)
    clone = Clone.open(here.path, repo=pull.repo, cache=cache)
    if clone.partial:
        _fill(here, clone, pull)
    return clone


def _fill(here: Mirror, clone: Clone, pull: PullRequest) -> None:
    """Fetch the file contents of base and head that this partial mirror lacks."""
    sides = [commit for commit in (pull.base_commit, pull.head_commit) if clone.has(commit)]
    names = {
        entry.id for side in sides for entry in clone.tree(side).entries.values() if entry.mode != GITLINK
    }
    missing = clone.missing(names)
    if missing:
        here.fill(sorted(missing))
        clone.close()  # what is open does not see new packs
