"""Reads commit messages: does this subject say that a pull request landed here, and which one?

Pure text.  The forms are those that GitHub's three merge buttons and the common merge bots write;
titles typed by people are not guessed at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MERGE = re.compile(
    r"(?:Merge(?:d)? (?:pull request|PR) #(?P<number>\d+)(?: (?:from|in) (?P<branch>\S+))?"
    r"|Auto merge of #(?P<homu>\d+) - (?P<homu_branch>\S+?)(?:, r=.*)?$"
    r"|Merge #(?P<bors>\d+)$)",
    re.IGNORECASE,
)
_SQUASH = re.compile(r"\((?:#|GH-)(?P<number>\d+)\)\s*\.?$")
_INTO = re.compile(r"Merge (?:remote-tracking )?branch(?:es)? .*? into (?P<target>\S+)", re.IGNORECASE)
_LONG_LIVED = re.compile(r"(main|master|develop|trunk|stable|default|v?\d+[\d.x]*|.*/.*)$")
_NUMBER_AT_END = re.compile(r"(?:\s*\((?:#|GH-)\d+\))+\s*\.?$")
_BORS_TITLE = re.compile(r"(?P<number>\d+): (?P<title>.+?)(?: r=\S+)?(?: a=\S+)?$")
MAX_NUMBER = 10_000_000


class Mention(NamedTuple):
    """What one subject line says."""

    number: int
    explicit: bool
    """It says ``Merge pull request``; otherwise only ``(#N)`` at its end, which may be an issue's."""
    branch: str = ""
    owner: str = ""
    """Owner of the head branch, where the message tells it."""
    others: tuple[int, ...] = ()
    """Further numbers in the subject: issues, or the pull request that this one ports."""


def mention(subject: str) -> Mention | None:
    """The pull request that this subject says it merges, or ``None``."""
    merge = _MERGE.match(subject)
    if merge:
        number = int(merge["number"] or merge["homu"] or merge["bors"])
        owner, _, branch = (merge["branch"] or "").partition("/")
        if merge["homu_branch"]:
            owner, _, branch = merge["homu_branch"].partition(":")
        if not _sane(number):
            return None
        return Mention(number, True, branch or owner, owner if branch else "", _others(subject, number))
    squash = _SQUASH.search(subject)
    if squash is None or not _sane(int(squash["number"])):
        return None
    into = _INTO.match(subject)
    if into and not _LONG_LIVED.match(into["target"]):
        return None  # main was merged into a topic branch: the first parent is not the target
    number = int(squash["number"])
    return Mention(number, False, others=_others(subject, number))


def strip_numbers(subject: str) -> str:
    """A title without the ``(#N)`` that merging added."""
    return _NUMBER_AT_END.sub("", subject).strip()


def merge_title(body: str, number: int) -> tuple[str, str]:
    """Title and rest from the body of a merge commit; the title is '' when there is none."""
    lines = body.strip().splitlines()
    if not lines:
        return "", ""
    title, rest = lines[0].strip(), "\n".join(lines[1:]).strip()
    bors = _BORS_TITLE.match(title)
    if bors and int(bors["number"]) == number:
        title = bors["title"]
    return strip_numbers(title), rest


def squash_title(subject: str, body: str) -> tuple[str, str]:
    """Title and body of a squash commit; GitHub breaks long titles with an ellipsis in both."""
    title = strip_numbers(subject)
    if title.endswith("…") and body.lstrip().startswith("…"):
        first, _, rest = body.lstrip().partition("\n")
        return title.removesuffix("…") + strip_numbers(first.removeprefix("…")), rest.strip()
    return title, body.strip()


def branch_title(branch: str) -> str:
    """A last-resort title from a branch name: ``fix/123-empty-list`` -> ``Fix: 123 empty list``."""
    words = re.sub(r"[-_]+", " ", branch.rpartition("/")[2]).strip()
    return words[:1].upper() + words[1:]


def _others(subject: str, number: int) -> tuple[int, ...]:
    found = {int(text) for text in re.findall(r"#(\d{1,8})\b", subject)}
    return tuple(sorted(item for item in found if item != number))


def _sane(number: int) -> bool:
    return 0 < number < MAX_NUMBER
