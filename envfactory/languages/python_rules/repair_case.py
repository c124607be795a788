"""What a repair looks at, and how it changes a declaration.

One ``Case`` is one attempt that went wrong; ``add`` is the commonest change.  Which change fits which
symptom is the table in ``repairs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from envfactory.languages.declaration import Declaration, Requirement, Symptoms
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.languages.python_rules.system_packages import Lookup, known_package
from envfactory.records import Evidence, Outcome


@dataclass(frozen=True)
class Case:
    """One attempt that went wrong."""

    declaration: Declaration
    symptoms: Symptoms
    lookup: Lookup = known_package

    @cached_property
    def errors(self) -> str:
        """Everything that was said except skip reasons."""
        report = self.symptoms.report
        parts = [self.symptoms.log]
        if report is not None:
            parts += [report.output_tail, *report.collection_errors.values()]
            parts += [r.message for r in report.results.values() if r.outcome is not Outcome.SKIPPED]
        return "\n".join(part for part in parts if part)

    @cached_property
    def skips(self) -> tuple[str, ...]:
        """Different reasons of skipped tests."""
        report = self.symptoms.report
        found = (r.message for r in report.results.values() if r.outcome is Outcome.SKIPPED) if report else ()
        return tuple(dict.fromkeys(found))

    def has(self, distribution: str) -> bool:
        """Whether the declaration asks for it already."""
        wanted = normalise(distribution)
        named = (
            *(item.text for item in self.declaration.requirements),
            *self.declaration.metadata.get("", ()),
        )
        return wanted == self.declaration.name or wanted in {name_of(text) for text in named}


Change = tuple[Declaration, str, Evidence]


def add(case: Case, wanted: Iterable[tuple[str, str]], rule: str) -> Change | None:
    """New requirements (text, words that ask for it) that the declaration does not have yet."""
    asked = f" {' '.join(case.declaration.repairs)} "
    new = {text: why for text, why in wanted if text and not case.has(text) and f" {text} " not in asked}
    if not new:
        return None
    items = [
        Requirement(
            text=text,
            group="repair",
            mandatory=False,
            evidence=Evidence(choice="requirement", value=text, rule=rule, text=why[:200]),
        )
        for text, why in sorted(new.items())
    ]
    changed = case.declaration.model_copy(update={"requirements": (*case.declaration.requirements, *items)})
    return changed, f"add requirement {' '.join(item.text for item in items)}", items[0].evidence
