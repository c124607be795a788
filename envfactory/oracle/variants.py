"""Equal variants of a gold patch: other patches that certainly lead to the same program.

    files_reversed    the same parts in another order
    hunks_split       the same change with less context, so in more hunks
    <language's own>  see ``Language.EQUAL_VARIANTS``

A grader that knows its task resolves each of them.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from envfactory.oracle.gold import with_texts
from envfactory.oracle.question import Question

LITTLE_CONTEXT = 1


@dataclass(frozen=True)
class Variant:
    """One equal variant; ``patch`` is ``None`` where there is none that is certainly equal."""

    name: str
    patch: str | None
    told: str = ""
    """Where there is none: why."""


def variants(question: Question) -> Iterator[Variant]:
    """Every known kind of variant, in a fixed order."""
    yield _files_reversed(question)
    yield _hunks_split(question)
    for name, rewritten in question.rules.EQUAL_VARIANTS.items():
        texts = {source.path: rewritten(source) for source in question.sources}
        changed = {path: text for path, text in texts.items() if text is not None}
        if changed:
            yield Variant(name, with_texts(question.parts, question.before, changed))
        else:
            yield Variant(name, None, _why(question))


def _files_reversed(question: Question) -> Variant:
    if len({part.path for part in question.parts}) < 2:
        return Variant("files_reversed", None, "the patch changes one file")
    last = question.parts[-1].text
    if not last.endswith("\n"):
        return Variant("files_reversed", None, "the patch has no last newline")
    return Variant("files_reversed", "".join(part.text for part in reversed(question.parts)))


def _hunks_split(question: Question) -> Variant:
    texts = {source.path: source.text for source in question.sources}
    patch = with_texts(question.parts, question.before, texts, LITTLE_CONTEXT)
    if not texts or patch == with_texts(question.parts, question.before, texts):
        return Variant("hunks_split", None, "no source file whose hunks could be split")
    return Variant("hunks_split", patch)


def _why(question: Question) -> str:
    if not question.sources:
        return "the patch changes no program text"
    if all(question.rules.behaviour(source.text) is None for source in question.sources):
        return "its files cannot be parsed here"
    return "nothing that is certainly equal"
