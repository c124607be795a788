"""What sort of work a pull request is: votes of its title, labels, fragments, branch, diff and tests.

Every vote is kept as evidence.  The type names what a data set is filtered by and what a rejection is
about; it never decides by itself that a pull request is no task.  Weights are by how deliberate a sign is:
somebody chose a label or prefix from a list, words of a sentence only happen to be there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from envfactory.mining.type_words import FROM_DIFF, LABELS, PREFIXES, WORDS
from envfactory.records import Candidate, Evidence, PullRequest, RewardSpec, TaskType

_PREFIX = re.compile(r"^\[?(?P<word>[A-Za-z]+)\]?(?:\([^)]*\))?!?\s*[:\]/]")
_PATH = re.compile(r"^diff --git a/(?P<path>.+) b/(?P=path)$", re.MULTILINE)
_DEFINITION = re.compile(
    r"^\+\s*(?:export |pub |public |static |async )*(?:def|class|func|fn|function)\s+(?!_|test)\w",
    re.MULTILINE,
)
_MUCH = 3
"""Times more removed than added lines: a clean-up."""


class Vote(NamedTuple):
    """One sign, what it says and how much that counts."""

    kind: TaskType
    weight: int
    sign: str
    text: str


class Judged(NamedTuple):
    """The type and all that spoke for any."""

    kind: TaskType
    evidence: tuple[Evidence, ...]


def task_type(
    pull: PullRequest, fragments: Iterable[str] = (), *, gold: str = "", interface: str = ""
) -> Judged:
    """The type with the heaviest votes, the earliest sign among equals; ``other`` without any.

    ``fragments`` are paths of changelog files, ``gold`` is the gold patch, ``interface`` the new names that
    the tests need.
    """
    return _judged([*_deliberate(pull, fragments), *_of_diff(gold, interface), *_worded(pull)])


def refined(candidate: Candidate, spec: RewardSpec) -> Judged:
    """The type once the tests have run: their transitions vote too.

    A task changes what the program does, or no test would fail without it: votes for ``docs`` and
    ``test`` no longer count.
    """
    paths = _PATH.findall(candidate.dropped_patch)
    pull, gold, interface = candidate.pull_request, candidate.gold_patch, candidate.interface
    votes = [*_deliberate(pull, paths), *_of_diff(gold, interface), *_worded(pull), *_of_tests(spec)]
    if spec.fail_to_pass:
        votes = [vote for vote in votes if vote.kind not in ("docs", "test")]
    return _judged(votes)


def _judged(votes: list[Vote]) -> Judged:
    weights: Counter[TaskType] = Counter()
    for vote in votes:
        weights[vote.kind] += vote.weight
    kind: TaskType = weights.most_common(1)[0][0] if weights else "other"
    evidence = [
        Evidence(choice="task_type", value=vote.kind, text=vote.text, rule=f"{vote.sign} ({vote.weight})")
        for vote in votes
    ]
    return Judged(kind, tuple(evidence))


def _deliberate(pull: PullRequest, fragments: Iterable[str]) -> Iterator[Vote]:
    """How the title begins, labels, kinds of news fragments, the branch's folder."""
    prefix = _PREFIX.match(pull.title)
    if prefix and (kind := PREFIXES.get(prefix["word"].lower())):
        yield Vote(kind, 5, "title prefix", prefix[0])
    elif kind := PREFIXES.get(pull.title.partition(" ")[0].lower()):
        yield Vote(kind, 3, "first word of the title", pull.title.partition(" ")[0])
    for label in pull.labels:
        found = {LABELS[word] for word in re.findall(r"[a-z]+", label.lower()) if word in LABELS}
        if len(found) == 1:
            yield Vote(found.pop(), 4, "label", label)
    for path in fragments:
        parts = path.rpartition("/")[2].split(".")[:-1] if "/" in path else []
        for part in parts:
            if kind := PREFIXES.get(part.lower()):
                yield Vote(kind, 4, "news fragment", path)
    folder = pull.branch.partition("/")[0] if "/" in pull.branch else ""
    first = folder or re.split(r"[-_]", pull.branch)[0]
    if kind := PREFIXES.get(first.lower()):
        yield Vote(kind, 2 if folder else 1, "branch", pull.branch)


def _worded(pull: PullRequest) -> Iterator[Vote]:
    """Words of the title, else of the first commits; words of the linked issues' titles."""
    subjects = [commit.subject for commit in pull.commits[:3]]
    own = next(filter(None, (_by_words(line) for line in (pull.title, *subjects))), None)
    for sign, found in (("words of the title", own), *_issue_words(pull)):
        if found is not None:
            yield Vote(found[0], 2 if sign == "words of the title" else 1, sign, found[1])


def _issue_words(pull: PullRequest) -> Iterator[tuple[str, tuple[TaskType, str] | None]]:
    for issue in pull.issues:
        yield "words of an issue's title", _by_words(issue.title)


def _by_words(line: str) -> tuple[TaskType, str] | None:
    for kind, pattern in WORDS:
        found = re.search(pattern, line, re.IGNORECASE)
        if found:
            return kind, found[0]
    return None


def _of_diff(gold: str, interface: str) -> Iterator[Vote]:
    """Kinds of files, new public names, and how much is removed."""
    paths = _PATH.findall(gold)
    for kind, pattern in FROM_DIFF:
        if paths and all(pattern.search(path) for path in paths):
            yield Vote(kind, 6, "files of the change", ", ".join(paths[:3]))
            return
    added = len(re.findall(r"^\+(?!\+\+ )", gold, re.MULTILINE))
    removed = len(re.findall(r"^-(?!-- )", gold, re.MULTILINE))
    definitions = _DEFINITION.findall(gold)
    if interface:
        yield Vote("feature", 2, "the tests need new names", interface.partition("\n")[0][:200])
    elif paths and removed > _MUCH * added:
        yield Vote("refactor", 1, "more is removed than added", f"{added} added, {removed} removed")
    elif paths and not definitions:
        yield Vote("bug_fix", 1, "no new public name", f"{added} added, {removed} removed")


def _of_tests(spec: RewardSpec) -> Iterator[Vote]:
    """What kind of transition most of the tests make that must change."""
    counts = Counter(spec.fail_to_pass.values())
    if not counts:
        return
    (common, number), total = counts.most_common(1)[0], sum(counts.values())
    told = f"{number} of {total} tests are {common}"
    if spec.import_only or common == "n2p":
        yield Vote("feature", 2, "tests could not be collected before", told)
    elif common == "f2p":
        yield Vote("bug_fix", 1, "tests failed before", told)
