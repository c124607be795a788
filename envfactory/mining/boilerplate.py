"""Takes out of an issue or pull request what its author did not write about the matter.

Sections of forms (check lists, how it was tested), the lines of the repository's own templates, pictures
and layout tags.  Everything taken out is returned with its reason; single lines are ``prose``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from envfactory.mining.leaks import SHORTEST, squeezed

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

PICTURE = "a picture: an agent cannot see it"
Removed = list[tuple[str, str]]
"""(text, reason)."""

_HEADING = re.compile(
    r" {0,3}(?P<marks>#{1,6})\s+(?P<title>.+?)[\s#]*|[^\w*`]{0,4}\*\*(?P<bold>[^*]{2,60})\*\*\s*:?\s*"
)
_TESTS = re.compile(
    r"(?:unit |manual |regression |how )?(?:tests?|testing|tested)"
    r"(?: (?:added|plan|done|cases|steps|instructions))?"
    r"|how (?:has|was|is|can|did|do) .*\btest(?:ed)?\b.*|verification|qa(?: notes)?"
)
_FORM = re.compile(
    r"(?:pr |pull request |pre-?merge |review |author'?s? |contributor'?s? )?check ?-?list.*|checks|to-?dos?"
    r"|types? of (?:change|pr|pull request)s?.*|(?:relat|link)ed (?:issues?|prs?|pull requests?|tickets?).*"
    r"|screen ?shots?.*|reviewers?.*|notes? (?:for|to) reviewers?.*|contribution guidelines.*|code of conduct"
    r"|(?:before|after) (?:submitting|merging).*|ai (?:usage|disclosure).*|release notes?"
)
_FIX = re.compile(
    r"(?:the |possible |suggested |proposed )?(?:fix|patch)|implementation(?: (?:details?|notes?))?"
)
_PICTURE = re.compile(
    r"\[?!\[[^\]]*\]\([^)]*\)(?:\]\([^)]*\))?|!\[[^\]]*\]\[[^\]]*\]|<(?:img|video|picture)\b[^>]*>"
    r"|(?<![\w(])https?://\S+\.(?:png|jpe?g|gif|webp|svg|mp4|mov)\b\S*|https?://\S+/user-attachments/assets/\S+",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?(?:details|summary|br|p|div|center|sub|sup|picture|video)\b[^>]*>", re.IGNORECASE)
_BLANK_ANSWER = re.compile(r"\s*_?(?:no response|n/?a|none|nothing|-|\.)_?\.?\s*", re.IGNORECASE)
_TEMPLATE = re.compile(
    r"(?:^|/)(?:pull_request_template|issue_template)(?:/.*|\.\w+)?$", re.IGNORECASE
)  # https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests
_MOST_TEMPLATES = 30
_LABEL = 4
"""Words of a label; what a form asks for in more words explains itself to authors, not to readers."""


def template_lines(tree: Tree) -> frozenset[str]:
    """Lines, without blanks, that the repository's own forms put into every issue or pull request."""
    paths = [path for path in tree.entries if _TEMPLATE.search(path)][:_MOST_TEMPLATES]
    lines = (line for path in paths for line in (tree.text(path) or "").split("\n"))
    bare = (squeezed(line) for line in lines if not _HEADING.fullmatch(line))
    return frozenset(line for line in bare if len(line) >= SHORTEST)


def without_boilerplate(text: str, templates: frozenset[str] = frozenset()) -> tuple[str, Removed]:
    """The text that is left, and what was taken out."""
    removed: Removed = []
    text = _without_sections(text, removed)
    kept = []
    lines = list(_lines(text))
    for position, (line, fenced) in enumerate(lines):
        following = (other for other, _ in lines[position + 1 :] if other.strip())
        if fenced or _answered(line, next(following, ""), templates):
            kept.append(line)
        elif squeezed(line) in templates:
            removed.append((line, "a line of the repository's template"))
        else:
            removed += [(found[0], PICTURE) for found in _PICTURE.finditer(line)]
            kept.append(_TAG.sub("", _PICTURE.sub("", line)).rstrip())
    return without_empty_sections(kept), removed


def _answered(line: str, following: str, templates: frozenset[str]) -> bool:
    """Is a line a label of a form, such as ``Environment:``, with something of the author's below it."""
    label = line.rstrip().endswith(":") and len(line.split()) <= _LABEL and squeezed(line) in templates
    return label and squeezed(following) not in {"", *templates} and _HEADING.fullmatch(following) is None


def _without_sections(text: str, removed: Removed) -> str:
    """Text without the sections whose heading says that they are part of a form."""
    kept: list[str] = []
    gone: list[str] = []
    depth, why = 0, ""
    for line, fenced in _lines(text):
        level, title = (0, "") if fenced else _heading(line)
        if level and (not why or level <= depth):
            if gone:
                removed.append(("\n".join(gone), why))
            gone, depth, why = [], level, _unwanted(title)
        (gone if why else kept).append(line)
    if gone:
        removed.append(("\n".join(gone), why))
    return "\n".join(kept)


def without_empty_sections(lines: list[str]) -> str:
    """Headings that nothing follows go, as do answers such as ``_No response_``."""
    kept: list[str] = []
    pending: list[tuple[int, list[str]]] = []
    for line, fenced in _lines("\n".join(lines)):
        level = 0 if fenced else _heading(line)[0]
        if level:
            pending = [entry for entry in pending if entry[0] < level]
            pending.append((level, [line]))
        elif pending and (not line.strip() or _BLANK_ANSWER.fullmatch(line)):
            pending[-1][1].append("")
        else:
            kept += [held for _, group in pending for held in group]
            pending = []
            kept.append(line)
    return "\n".join(kept)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Every line, and whether it is part of fenced code."""
    fenced = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        yield line, fenced or fence
        fenced = fenced != fence


def _heading(line: str) -> tuple[int, str]:
    """(level, title) of a heading; level 0 for other lines.  A line in bold type is below all others."""
    found = _HEADING.fullmatch(line) if len(line) < 200 else None
    if found is None:
        return 0, ""
    return (len(found["marks"]), found["title"]) if found["marks"] else (7, found["bold"])


def _unwanted(title: str) -> str:
    """Why the section of this title is left out; '' to keep it."""
    bare = re.sub(r"^\W+|[\W_]+$", "", title).casefold()
    if _TESTS.fullmatch(bare):
        return "tells about the tests"
    if _FIX.fullmatch(bare):
        return "tells how it was solved"
    return "a section of a form" if _FORM.fullmatch(bare) else ""
