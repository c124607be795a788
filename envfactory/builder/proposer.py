"""The optional rung of the ladder: a language model reads log and recipe and proposes one change.

A proposal is believed no more than a repair's: it makes a new declaration, which is resolved, built and
tested like any other.  What is not exactly one change of the closed set in ``Change``, or what the
language finds unsound, is refused and counted.  Nothing is built or run here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from envfactory.errors import ModelError
from envfactory.languages.declaration import BY_MODEL, Change, Declaration, Repair, Symptoms
from envfactory.records import Evidence, Outcome, RungAttempt, TestReport, canonical_json

if TYPE_CHECKING:
    from envfactory.languages.protocol import Language
    from envfactory.model import Model

PROMPT = "prompts/propose.md"
LOG_CHARACTERS = 12_000
MESSAGES = 15
MESSAGE_CHARACTERS = 300
KINDS = {
    "add_requirement": "requirement",
    "pin_requirement": "requirement",
    "add_system_package": "system package",
    "set_env": "variable",
    "add_test_arg": "runner option",
    "choose_interpreter": "interpreter",
}
_CHANGING = (
    (re.compile(r"\x1b\[[0-9;]*[A-Za-z]"), ""),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?([.,]\d+)?Z?"), "<time>"),
    (re.compile(r"\b\d\d?:\d\d:\d\d([.,]\d+)?"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)?\s?(ms|s|sec|secs|seconds?|m|minutes?)\b"), "<duration>"),
    (re.compile(r"\b\d+(\.\d+)?\s?[KMG]?i?B/s"), "<rate>"),
    (re.compile(r"\b0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{12,}\b"), "<hex>"),
    (re.compile(r"/tmp/[^\s'\":,)\]]+"), "<temporary>"),
    (re.compile(r"(?<=[a-z0-9\]]):\d{4,5}\b"), ":<port>"),
)
"""What differs between equal runs: with it, the same question would never be asked twice."""


@dataclass(frozen=True)
class Question:
    """What a proposer is told."""

    declaration: Declaration
    symptoms: Symptoms
    tried: Sequence[RungAttempt]
    language: Language


@dataclass(frozen=True)
class Proposal:
    """One change to try, or ``refused``: why the answer is none."""

    repair: Repair | None
    kind: str = ""
    words: str = ""
    """The change for people, or what was answered instead."""
    refused: str = ""
    cost_usd: float = 0.0


class Proposer(Protocol):
    """Whoever may be asked when rules and repairs know nothing more."""

    def propose(self, question: Question) -> Proposal:
        """One change, or a refusal.  Raises ``StageError`` when there is no answer to be had."""


class ModelProposer:
    """Asks a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._prompt = resources.files("envfactory.builder").joinpath(PROMPT).read_text(encoding="utf-8")

    def propose(self, question: Question) -> Proposal:
        """One change, or a refusal: ``cost_cap``, ``endpoint_refused``, ``malformed``, ``unsound``."""
        try:
            reply = self._model.ask(self._prompt, render(question))
        except ModelError as error:
            if error.retryable:
                raise
            refused = "cost_cap" if error.cause == "model_cost_cap" else "endpoint_refused"
            return Proposal(None, words=str(error)[:MESSAGE_CHARACTERS], refused=refused)
        change = parse(reply.text)
        if change is None:
            said = " ".join(reply.text.split())[:MESSAGE_CHARACTERS]
            return Proposal(None, words=said, refused="malformed", cost_usd=reply.cost_usd)
        words = f"{change.change.replace('_', ' ')} {change.value.strip()}"
        repair = self._repair(question, change, words)
        refused = "" if repair else "unsound"
        return Proposal(repair, KINDS[change.change], words, refused, reply.cost_usd)

    def _repair(self, question: Question, change: Change, words: str) -> Repair | None:
        declaration = question.declaration
        lookup = getattr(question.symptoms, "lookup", None)
        amended = question.language.amend(declaration, change, lookup)
        if amended is None:
            return None
        evidence = Evidence(
            choice=KINDS[change.change],
            value=change.value.strip(),
            rule=f"proposed by {self._model.name}",
            text=" ".join(change.why.split())[:200],
        )
        amended = amended.model_copy(update={"repairs": (*declaration.repairs, BY_MODEL + words)})
        return Repair(declaration=amended, change=words, evidence=evidence)


def parse(text: str) -> Change | None:
    """The one change that an answer consists of, in a code fence or bare; ``None`` for anything else."""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", text, re.DOTALL)
    try:
        return Change.model_validate_json(fenced[1] if fenced else text)
    except ValidationError:
        return None


def render(question: Question) -> str:
    """The question as canonical JSON: equal troubles give equal text."""
    symptoms, report = question.symptoms, question.symptoms.report
    data = {
        "as_of": f"{symptoms.cutoff:%Y-%m-%d}",
        "phase": symptoms.phase,
        "recipe": _recipe(question.declaration),
        "log": settled(symptoms.log)[-LOG_CHARACTERS:],
        "tests": _tests(report) if report is not None else None,
        "tried": [
            {"change": item.change or "as the rules say", "outcome": item.outcome, "detail": item.detail}
            for item in question.tried
        ],
    }
    return canonical_json(data).decode()


def settled(text: str) -> str:
    """``text`` without times, addresses and other things that differ between equal runs."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


def _recipe(declaration: Declaration) -> dict[str, Any]:
    return {
        "interpreters": declaration.interpreters,
        "requirements": [item.text for item in declaration.requirements],
        "extras": (*declaration.extras, *declaration.groups),
        "project": {name: list(texts) for name, texts in declaration.metadata.items()},
        "build_requirements": declaration.build_requirements,
        "system_packages": declaration.system_packages,
        "env": dict(declaration.env),
        "test_args": declaration.test_args,
        "changes_so_far": declaration.repairs,
    }


def _tests(report: TestReport) -> dict[str, Any]:
    outcomes = Counter(result.outcome.value for result in report.results.values())
    bad = (result for result in report.results.values() if result.outcome is not Outcome.PASSED)
    said = Counter(settled(result.message)[:MESSAGE_CHARACTERS] for result in bad if result.message)
    uncollected = sorted(report.collection_errors.items())[:MESSAGES]
    ranked = sorted(said.items(), key=lambda item: (-item[1], item[0]))[:MESSAGES]
    return {
        "outcomes": dict(sorted(outcomes.items())),
        "messages": [{"text": text, "tests": count} for text, count in ranked],
        "uncollected": {name: settled(words)[:MESSAGE_CHARACTERS] for name, words in uncollected},
        "complete": report.complete,
    }
