"""What a repair looks at, and how it changes a declaration.

One ``Case`` is one attempt that went wrong; ``add`` is the commonest change.  Which change fits which
symptom is the table in ``repairs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from envfactory.languages.declaration import Declaration, Lookup, Requirement, Symptoms
from envfactory.languages.python_rules.names import name_of, normalise
from envfactory.records import Evidence, Outcome

WRONG = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT})


@dataclass(frozen=True)
class Case:
    """One attempt that went wrong."""

    declaration: Declaration
    symptoms: Symptoms

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
    def messages(self) -> tuple[str, ...]:
        """What tests and modules that went wrong said, one line each; empty before any test ran."""
        report = self.symptoms.report
        if report is None:
            return ()
        wrong = (r.message for r in report.results.values() if r.outcome in WRONG and r.message)
        return (*report.collection_errors.values(), *wrong)

    @cached_property
    def said(self) -> tuple[str, ...]:
        """Lines of all that went wrong or was skipped, each once: log, modules and tests."""
        return tuple(dict.fromkeys((*self.errors.splitlines(), *self.skips)))

    @cached_property
    def skips(self) -> tuple[str, ...]:
        """Different reasons of skipped tests."""
        report = self.symptoms.report
        found = (r.message for r in report.results.values() if r.outcome is Outcome.SKIPPED) if report else ()
        return tuple(dict.fromkeys(found))

    @property
    def lookup(self) -> Lookup:
        """Which system package brings a file; answers nothing where nobody knows."""
        return self.symptoms.lookup or _unknown

    def has(self, distribution: str) -> bool:
        """Whether the declaration asks for it already."""
        wanted = normalise(distribution)
        named = (
            *(item.text for item in self.declaration.requirements),
            *self.declaration.metadata.get("", ()),
        )
        return wanted == self.declaration.name or wanted in {name_of(text) for text in named}


def _unknown(kind: str, name: str) -> str:
    return ""


Change = tuple[Declaration, str, Evidence]


def bound(case: Case, text: str, rule: str, why: str, choice: str = "requirement") -> Change | None:
    """A bounded requirement in the place of what was asked for: the two may exclude each other."""
    name = name_of(text)
    declared = case.declaration.requirements
    if name == case.declaration.name or any(item.text == text for item in declared):
        return None
    evidence = Evidence(choice=choice, value=text, rule=rule, text=why[:200])
    kept = tuple(item for item in declared if name_of(item.text) != name)
    mandatory = name == "pytest" or any(item.mandatory for item in declared if name_of(item.text) == name)
    item = Requirement(text=text, group="repair", mandatory=mandatory, evidence=evidence)
    return case.declaration.model_copy(update={"requirements": (*kept, item)}), text, evidence


def with_options(case: Case, options: tuple[str, ...], rule: str, why: str) -> Change | None:
    """Options of the runner that it does not have yet."""
    if not set(options) - set(case.declaration.test_args):
        return None
    told = " ".join(options)
    evidence = Evidence(choice="runner option", value=told, rule=rule, text=why[:200])
    changed = case.declaration.model_copy(update={"test_args": (*case.declaration.test_args, *options)})
    return changed, f"run with {told}", evidence


def with_variables(case: Case, variables: Mapping[str, str], rule: str, why: str) -> Change | None:
    """Variables of the environment that have another value or none."""
    env = case.declaration.env
    new = {name: value for name, value in sorted(variables.items()) if env.get(name) != value}
    if not new:
        return None
    told = " ".join(f"{name}={value}" for name, value in new.items())
    evidence = Evidence(choice="variable", value=told, rule=rule, text=why[:200])
    return case.declaration.model_copy(update={"env": {**env, **new}}), f"set {told}", evidence


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
