"""Links in issues and pull requests that a task cannot follow: to its own files and to changes.

A link to a file of the repository at some commit becomes the path of the file, for the task has the file
and not the commit.  A Markdown link to a commit, a comparison or a pull request keeps its words alone.
Links to other places stay as they are.
"""

from __future__ import annotations

import re

_STOP = r"\s()<>\[\]\"'"
_FILE = re.compile(
    rf"https?://[^/{_STOP}]+/(?P<repo>[\w.-]+/[\w.-]+)/(?:blob|blame|tree|raw)/[^/{_STOP}]+"
    rf"/(?P<path>[^?#{_STOP}]+)(?:\?[^#{_STOP}]*)?(?P<lines>#L[\d\w-]+)?"
)
_CHANGE = re.compile(
    rf"\[(?P<words>(?!#|GH-)[^\[\]]+)\]\(\s*https?://[^{_STOP}]+/(?:pull|commit|compare|merge_requests)"
    rf"/[^{_STOP}]+\s*\)",
    re.IGNORECASE,
)


def without_remote_links(line: str, repo: str = "") -> str:
    """A line whose links to the files of ``repo`` (``owner/name``), or of a fork of it, are paths."""
    name = repo.rpartition("/")[2].casefold()

    def path(found: re.Match[str]) -> str:
        if not name or found["repo"].rpartition("/")[2].casefold() != name:
            return found[0]
        return found["path"] + (found["lines"] or "")

    return _CHANGE.sub(lambda found: found["words"], _FILE.sub(path, line))
