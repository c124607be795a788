"""Measures a problem statement: how long, how much to act on, how much it gives away, what is odd.

Everything is computed from a candidate alone, so it can be measured again at any time.  Nothing here
rejects a candidate; ``docs/statements.md`` has the formulas.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from envfactory.mining.boilerplate import PICTURE
from envfactory.mining.prose import words
from envfactory.mining.unsaid import unsaid_texts
from envfactory.records import Candidate

SHORT = 20
"""Words; a shorter statement is flagged."""
POOR = 2
"""A model's score up to which a statement is flagged."""
_FOREIGN_LETTERS = 0.2
_ENGLISH_SHARE = 0.12
_ENOUGH_TO_TELL = 40
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "the a an of to in is are be it this that for and or not with on as when if should by from can i we"
        " you but was have has do does which there would will at so use using add fix",
    )
)
"""The commonest English words: about two of five in prose, one of four in commit messages."""

_FENCE = re.compile(r"^\s*```.*?^\s*```\s*$", re.MULTILINE | re.DOTALL)
_SIGNALS = {
    "error": re.compile(
        r"Traceback \(most recent call last\)|^\s*(?:\w+\.)*\w*(?:Error|Exception|Warning)\b:|\bpanicked at\b"
        r"|^\s*(?:E|error|fatal):? .|\braises? (?:an? )?`?\w*(?:Error|Exception)|\b\w+(?:Error|Exception)\b",
        re.MULTILINE,
    ),
    "code": re.compile(r"^\s*```|^(?: {4}|\t)\S.*[=(.]|^>>> |`[^`\n]+`", re.MULTILINE),
    "expected": re.compile(
        r"\b(?:expect(?:s|ed)?|actual(?:ly)?|instead(?: of)?|should|must|ought to|but (?:got|it|is|was))\b",
        re.I,
    ),
    "steps": re.compile(
        r"\brepro(?:duc\w*)?\b|\bsteps\b|\bminimal example\b|^\s*1[.)] ", re.I | re.MULTILINE
    ),
}
_TOKEN = re.compile(r"[^\W\d]\w{2,}")


class StatementQuality(NamedTuple):
    """What was measured; the columns of the row have the same names."""

    words: int
    signals: tuple[str, ...]
    """Of ``error``, ``code``, ``expected`` and ``steps``, those that the statement has."""
    leak_gold: float
    leak_test: float
    """Share of the names and words that only the added lines of a patch have which the statement has too."""
    flags: tuple[str, ...]
    """Of ``short``, ``screenshot``, ``foreign_language``, ``no_signal``, ``unsaid_text``, ``judged_poor``."""


def quality(candidate: Candidate) -> StatementQuality:
    """Measure the statement of a candidate."""
    text = candidate.problem_statement
    told = f"{text}\n{candidate.interface}"
    signals = signals_of(text)
    judgement = candidate.statement_review.judgement if candidate.statement_review is not None else None
    flags = {
        "short": words(text) < SHORT,
        "screenshot": any(
            part.why == PICTURE for part in candidate.statement_parts if part.source != "comment"
        ),
        "foreign_language": is_foreign(text),
        "no_signal": not signals,
        "unsaid_text": bool(unsaid_texts(told, candidate.gold_patch, candidate.test_patch)),
        "judged_poor": judgement is not None and judgement.score <= POOR,
    }
    return StatementQuality(
        words=words(text),
        signals=signals,
        leak_gold=leak_score(text, candidate.gold_patch),
        leak_test=leak_score(text, candidate.test_patch),
        flags=tuple(name for name, holds in flags.items() if holds),
    )


def signals_of(text: str) -> tuple[str, ...]:
    """Of ``error``, ``code``, ``expected`` and ``steps``, those that a text has."""
    return tuple(name for name, pattern in _SIGNALS.items() if pattern.search(text))


def leak_score(text: str, patch: str) -> float:
    """|A ∩ S| / |A| to four digits: S the tokens of ``text``, A the new ones of ``patch``; 0 without any."""
    new = new_tokens(patch)
    return round(len(new & tokens(text)) / len(new), 4) if new else 0.0


def tokens(text: str) -> set[str]:
    """Names and words of three or more characters."""
    return set(_TOKEN.findall(text))


def new_tokens(patch: str) -> set[str]:
    """Tokens of the added lines of a patch that no context line, removed line or file name of it has."""
    added: set[str] = set()
    known: set[str] = set()
    for line in patch.split("\n"):
        if line.startswith("+") and not line.startswith("+++ "):
            added |= tokens(line)
        else:
            known |= tokens(line)
    return added - known


def is_foreign(text: str) -> bool:
    """Is the prose of a text, without its code, in another language than English, as far as one can tell.

    Either a fifth of the letters are not Latin, or of at least 40 words fewer than an eighth are among
    the commonest English ones.
    """
    prose = re.sub(r"`[^`\n]*`|https?://\S+", " ", _FENCE.sub(" ", text))
    letters = [char for char in prose if char.isalpha()]
    if letters and sum(ord(char) > 0x24F for char in letters) > _FOREIGN_LETTERS * len(letters):
        return True
    spoken = [word.casefold() for word in re.findall(r"[^\W\d_]+", prose)]
    share = sum(word in _ENGLISH for word in spoken)
    return len(spoken) >= _ENOUGH_TO_TELL and share < _ENGLISH_SHARE * len(spoken)
