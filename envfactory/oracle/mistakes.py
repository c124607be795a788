"""Wrong patches that the tests of a task should notice: mutants, and gold patches with a hunk left out.

Which are tried is a function of the gold patch alone: bounded in number, spread over hunks, operators
and lines.  Pure.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from envfactory.languages.changed_source import ChangedSource, Mutant
from envfactory.oracle.gold import FilePart, with_texts
from envfactory.oracle.question import Question

MUTANTS = 12
"""Mutants tried of one task."""
PARTIAL = 6
"""Hunks left out of one task, one at a time."""


@dataclass(frozen=True)
class Mistake:
    """One wrong patch."""

    name: str
    """``mutant:<n>`` or ``partial:<n>``, from 1."""
    patch: str
    told: str
    """Where it is and what is wrong: ``path:line operator: old -> new``."""


def mutants(question: Question, limit: int = MUTANTS) -> tuple[Mistake, ...]:
    """At most ``limit`` mutants of the lines that the gold patch adds to source files.

    Each is another program than gold and than the others.
    """
    chosen = sorted(
        _spread(question, limit), key=lambda mutant: (mutant.path, mutant.line, mutant.edit.start)
    )
    return tuple(
        Mistake(
            f"mutant:{number}",
            with_texts(question.parts, question.before, {mutant.path: mutant.text}),
            f"{mutant.path}:{mutant.line} {mutant.operator}: {mutant.told}",
        )
        for number, mutant in enumerate(chosen, 1)
    )


def _spread(question: Question, limit: int) -> list[Mutant]:
    """One after the other, from what has least been chosen from: hunk, then operator, then line."""
    rules = question.rules
    sources = {source.path: source for source in question.sources}
    left = [mutant for source in sources.values() for mutant in rules.mutants(source)]
    ranks = {id(mutant): _marks(mutant, sources[mutant.path]) for mutant in left}
    seen = {(path, rules.fingerprint(source.text)) for path, source in sources.items()}
    taken: Counter[object] = Counter()
    chosen: list[Mutant] = []
    while left and len(chosen) < limit:
        mutant = min(left, key=lambda one: (*(taken[mark] for mark in ranks[id(one)][:3]), ranks[id(one)][3]))
        left.remove(mutant)
        form = (mutant.path, rules.fingerprint(mutant.text))
        if form[1] is not None and form not in seen:
            seen.add(form)
            chosen.append(mutant)
            taken.update(ranks[id(mutant)][:3])
    return chosen


def _marks(mutant: Mutant, source: ChangedSource) -> tuple[object, object, object, str]:
    """What is counted of a mutant, and a number that decides between equal counts."""
    place = f"{mutant.path}:{mutant.line}:{mutant.edit.start} {mutant.operator} {mutant.told}"
    chance = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()
    hunk = (mutant.path, source.hunk_of(mutant.line))
    return hunk, mutant.operator, (mutant.path, mutant.line, ""), chance


def partial_patches(question: Question, limit: int = PARTIAL) -> tuple[Mistake, ...]:
    """The gold patch without one of its hunks, for hunks that change what a program does.

    None where the patch would be empty, or would leave a file that cannot be parsed.
    """
    found = []
    for part in question.parts:
        if question.rules.is_program(part.path):
            found += [(part, number) for number in range(len(part.hunks)) if _matters(question, part, number)]
    if sum(max(len(part.hunks), 1) for part in question.parts) < 2:
        return ()
    step = max(len(found) / limit, 1)
    chosen = [found[int(n * step)] for n in range(min(limit, len(found)))]
    return tuple(_without(question, *place, number) for number, place in enumerate(chosen, 1))


def _matters(question: Question, part: FilePart, number: int) -> bool:
    whole, less = question.changed(part), question.changed(part, {number})
    if whole is None or less is None:
        return False
    form = question.rules.behaviour(less.text)
    return form is not None and form != question.rules.behaviour(whole.text)


def _without(question: Question, part: FilePart, hunk: int, number: int) -> Mistake:
    less = question.changed(part, {hunk})
    text = less.text if less is not None and less.text else None
    patch = with_texts(question.parts, question.before, {part.path: text})
    return Mistake(
        f"partial:{number}", patch, f"{part.path}:{part.hunks[hunk].start} hunk {hunk + 1} left out"
    )
