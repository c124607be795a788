"""One GitHub as miners use it: repositories, searches and clones, out of one cache.

    <cache>/github/<host>/
      etags/          answers of the REST interface, asked for again by ETag
      repositories/   pull requests page by page, see ``archive``
      clones/         bare mirrors of the code, ``<owner>/<name>.git``

Tokens are read when this opens and forgotten when it closes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from envfactory.github import code
from envfactory.github.addresses import Addresses
from envfactory.github.client import Client
from envfactory.github.listing import Repository
from envfactory.github.rows import Facts
from envfactory.github.tokens import git_environment, read_tokens

PARTIAL_MEGABYTES = 1000
"""A repository that is larger on GitHub's disks is cloned without file contents; those of a pull request
follow when it is worked on.  Below, one transfer of everything is quicker than many of a little."""
SEARCH_PAGES = 10
"""GitHub's search ends after a thousand results."""


class Hub:
    """A context manager.

    ``max_wait`` seconds may be waited for one answer; ``tell`` gets what is worth a line, ``budget`` what is
    left of the limits after every call.
    """

    def __init__(
        self,
        cache: Path,
        *,
        max_wait: float,
        tell: Callable[[str], None] = lambda text: None,
        budget: Callable[[str], None] = lambda text: None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self.addresses = Addresses.from_environment(self._environ)
        self._folder = cache / "github" / self.addresses.host
        tokens = read_tokens(self.addresses, self._environ)
        self.client = Client(
            self.addresses, tokens, self._folder, max_wait=max_wait, tell=tell, budget=budget
        )
        self._tell = tell

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.__exit__()

    def repository(self, repo: str) -> AbstractContextManager[Repository]:
        """The pull requests of ``repo``; see ``Repository.open``."""
        return Repository.open(self.client, repo, self._folder)

    def clone(self, facts: Facts, *, newest: str = "") -> Path:
        """A bare mirror of the repository's code that is as new as the commit ``newest``.

        Raises ``CloneError`` when the code cannot be fetched.
        """
        mirror = code.mirror(self._folder, self.addresses, facts.repo, self._credentials())
        if not newest or not mirror.has(newest):
            self._tell(f"fetching the code of {facts.repo}")
            mirror.update(partial=facts.kilobytes > PARTIAL_MEGABYTES * 1000)
        return mirror.path

    def search(self, what: str, query: str) -> Iterator[dict[str, Any]]:
        """Items of ``/search/<what>``, at most a thousand, in GitHub's order."""
        for page in range(1, SEARCH_PAGES + 1):
            found = self.client.get(f"/search/{what}", q=query, per_page=100, page=page) or {}
            if page == 1 and found.get("total_count", 0) > SEARCH_PAGES * 100:
                self._tell(f"{found['total_count']} results; GitHub shows the first {SEARCH_PAGES * 100}")
            yield from found.get("items", ())
            if len(found.get("items", ())) < 100:
                return

    def _credentials(self) -> dict[str, str]:
        token = self.client.tokens[0] if self.client.tokens else None
        return git_environment(self.addresses, token, self._environ)
