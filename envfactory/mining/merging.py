"""Merges what a hosting site and a clone tell about one pull request.

The rule: words from the site, commits from git.  Title, body, author, labels, branch, dates, linked
issues, licence and stars are GitHub's, where it has any; base, head, kind of merge and the commits are
git's, but for a squash, whose own commits only the site still has.  Reads nothing.
"""

from __future__ import annotations

from envfactory.records import PullRequest

_WORDS = ("title", "body", "author", "labels", "branch", "issues", "license", "stars")


def merged(words: PullRequest, code: PullRequest) -> PullRequest:
    """``code`` with the words of ``words``; both are the same pull request."""
    told = {name: value for name in _WORDS if (value := getattr(words, name)) not in ("", (), None)}
    # GitHub tells the body as it is: an empty one is no reason to take git's guess at it.
    told |= {"body": words.body, "created_at": words.created_at, "merged_at": words.merged_at}
    bare = all(commit.sha == code.merge_commit for commit in code.commits)
    commits = words.commits if bare and words.commits else code.commits
    return code.model_copy(update=told | {"commits": commits, "source": words.source})


def known_before(known: PullRequest | None, found: PullRequest) -> PullRequest:
    """What to keep of a pull request that is found again: words of a site outlive a miner that has none."""
    if known is None or found.source != "git" or known.source == "git":
        return found
    return merged(known, found)
