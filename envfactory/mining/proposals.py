"""Finds the fixes that people propose in an issue: code that they announce as one, and diffs of the source.

Works on the blocks of a text (see ``prose.blocks``).  A fix that is only described in words is none of
its business, and neither is a workaround for users.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from envfactory.mining.leaks import Leaks

ANNOUNCED = "announces a fix"
PROPOSED = "proposes a fix"

_FAR = 2
"""Paragraphs between an announcement that ends in a colon and its code, at most."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LONGEST = 200
_OUR_FIX = (
    r"(?:(?:a|an|the|my|our|one|this|here'?s?|is|following|suggested|proposed|possible|potential|simple|quick"
    r"|easy|trivial|obvious|minimal|naive)\s+)*(?:bug\s?)?(?:fix|patch)(?:es)?"
)
_ANNOUNCES = re.compile(
    rf"(?:^|[,;(]\s*|\b(?:is|think|guess|maybe|perhaps|with|apply|applied|suggest|propose)\s+){_OUR_FIX}"
    r"(?:\s+(?:would|could|might|may|can|should|is|be|seems|looks?|for|to|that|which)\b[^:]*)?\s*:?$"
    r"|^\W*(?:bug\s?)?fix(?:es)?\W*:\W.*:$"
    r"|\b(?:fix|solve|resolve)(?:s|ed|d)?\s+(?:it|this|that|the\s+\w+)\b.{0,60}\b(?:by|with|like|as)\b[^:]*:?$"
    r"|\b(?:can|could|should|may|might|would)\s+be\s+(?:fixed|solved|resolved)\b[^:]*:?$"
    r"|\bto\s+fix\s+(?:it|this|that|the\s+\w+)\b[^:]*:$"
    r"|\b(?:following|this)\s+(?:change|patch|diff|edit)s?\b[^:]*:$",
    re.IGNORECASE,
)
_DIFF = re.compile(r"\s*```\s*(?:diff|patch|udiff)\b", re.IGNORECASE)


def proposals(blocks: Sequence[list[str]], leaks: Leaks) -> dict[int, str]:
    """Position of each block that belongs to a proposed fix -> why it must go."""
    told = [position for position, block in enumerate(blocks) if "".join(block).strip()]
    found = {position: PROPOSED for position in told if _is_diff_of_source(blocks[position], leaks)}
    for place, position in enumerate(told):
        if _is_code(blocks[position]) or not _announces(blocks[position]):
            continue
        between = _FAR if blocks[position][-1].rstrip(" *_").endswith(":") else 0
        following = told[place : place + between + 2]
        for before, after in pairwise(following):
            if blocks[after][0].lstrip().startswith("#"):
                break
            if _is_code(blocks[after]):
                found |= dict.fromkeys(following[: following.index(before) + 1], ANNOUNCED)
                found[after] = PROPOSED
                break
    return found


def _announces(block: Sequence[str]) -> bool:
    """Does the last sentence of a paragraph say that a fix follows."""
    text = " ".join(line.strip() for line in block).strip(" *_")
    last = _SENTENCE.split(text)[-1].strip(" *_")
    return len(last) <= _LONGEST and _ANNOUNCES.search(last) is not None


def _is_diff_of_source(block: Sequence[str], leaks: Leaks) -> bool:
    """A diff that changes, or shows, lines which the gold patch changes."""
    if not _DIFF.match(block[0]):
        return False
    return any(line[:1] in "+-" and leaks.changes(line[1:]) for line in block[1:])


def _is_code(block: Sequence[str]) -> bool:
    return block[0].lstrip().startswith("```")


__all__ = ["ANNOUNCED", "PROPOSED", "proposals"]
