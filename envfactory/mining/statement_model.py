"""The optional model that rewrites or judges the problem statement of a candidate.

It is told what an agent is told and nothing else: no patch, no test, no list of changed files.  A
rewriting that ``revision`` objects to is thrown away, and the statement stays as it was written from the
messages; a judgement is a note for the user of the data.  No candidate is rejected here.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field, ValidationError

from envfactory.errors import ModelError
from envfactory.mining.revision import objection
from envfactory.records import Candidate, Judgement, Record, StatementPart, StatementReview, canonical_json

if TYPE_CHECKING:
    from envfactory.model import Model

REWRITE, JUDGE = "rewrite", "judge"
ASKED = {REWRITE: (REWRITE,), JUDGE: (JUDGE,), "both": (REWRITE, JUDGE)}
"""Value of the setting ``model_statements`` -> prompts, in the order in which they are asked."""
LONGEST = 8000
"""Characters of a statement that is given to be rewritten: an answer has room for about so much."""
REASONS, REASON_CHARACTERS = 5, 300
REFUSED_CHARACTERS = 4000
"""Kept of an answer that was thrown away."""


class Rewriting(Record):
    """The one answer to ``rewrite.md``."""

    statement: str


class Opinion(Record):
    """The one answer to ``judge.md``."""

    score: int = Field(ge=1, le=5, strict=True)
    reasons: tuple[str, ...] = Field(min_length=1, max_length=REASONS)


R = TypeVar("R", bound=Record)


class _Refused(Exception):
    """There is no answer, or none that can be used; the text of it, if any."""

    def __init__(self, why: str, text: str = "") -> None:
        super().__init__(why)
        self.text = text


class _Review:
    """Questions about one candidate, and what they cost."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.cost_usd = 0.0

    def answer(self, prompt: str, kind: type[R], question: dict[str, str]) -> R:
        """The answer; raises ``_Refused``."""
        try:
            reply = self._model.ask(_prompt(prompt), canonical_json(question).decode())
        except ModelError as error:
            if error.retryable:
                raise
            raise _Refused("cost_cap" if error.cause == "model_cost_cap" else "endpoint_refused") from error
        self.cost_usd += reply.cost_usd
        parsed = parse(reply.text, kind)
        if parsed is None:
            raise _Refused("malformed", reply.text)
        return parsed


def reviewed(candidate: Candidate, model: Model, what: str) -> Candidate:
    """``candidate`` with its statement rewritten, judged or both, as ``what`` says (see ``ASKED``).

    What was asked and what came of it is its ``statement_review``; where the rewriting is refused, or the
    cost cap is reached, the statement stays.  Raises ``ModelError`` when trying again may help
    (``model_unreachable``), and ``PrerequisiteError`` as ``Model.ask`` does.
    """
    review = _Review(model)
    found, judgement = candidate, None
    refused: dict[str, str] = {}
    for prompt in ASKED[what]:
        try:
            if prompt == REWRITE:
                found = _rewritten(found, review, model.name)
            else:
                judgement = _judged(found, review)
        except _Refused as no:
            refused[prompt] = str(no)
            found = _noted(found, no.text, model.name, str(no))
    told = StatementReview(
        model=model.name,
        prompts=prompts(what),
        original=candidate.problem_statement,
        rewritten=found.problem_statement != candidate.problem_statement,
        refused=refused,
        judgement=judgement,
        cost_usd=review.cost_usd,
    )
    return found.model_copy(update={"statement_review": told})


def _rewritten(candidate: Candidate, review: _Review, name: str) -> Candidate:
    if len(candidate.problem_statement) > LONGEST:
        raise _Refused("too long to be rewritten")
    pull = candidate.pull_request
    question = {"repository": pull.repo, "statement": candidate.problem_statement}
    answer = review.answer(REWRITE, Rewriting, question)
    text = _settled(answer.statement)
    if text == candidate.problem_statement:
        return candidate
    why = objection(text, candidate)
    if why:
        raise _Refused(why, text)
    part = StatementPart(source="model", origin=name, text=text.strip())
    parts = (*candidate.statement_parts, part)
    return candidate.model_copy(update={"problem_statement": text, "statement_parts": parts})


def _judged(candidate: Candidate, review: _Review) -> Judgement:
    question = {
        "repository": candidate.pull_request.repo,
        "statement": candidate.problem_statement,
        "interface": candidate.interface,
    }
    answer = review.answer(JUDGE, Opinion, question)
    reasons = tuple(" ".join(reason.split())[:REASON_CHARACTERS] for reason in answer.reasons)
    return Judgement(score=answer.score, reasons=reasons)


def _noted(candidate: Candidate, text: str, name: str, why: str) -> Candidate:
    """The candidate with an answer that was thrown away among the passages that are not used."""
    if not text.strip():
        return candidate
    part = StatementPart(
        source="model", origin=name, text=text.strip()[:REFUSED_CHARACTERS], used=False, why=why
    )
    return candidate.model_copy(update={"statement_parts": (*candidate.statement_parts, part)})


def parse(text: str, kind: type[R]) -> R | None:
    """The one object that an answer consists of, in a code fence or bare; ``None`` for anything else."""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", text, re.DOTALL)
    try:
        return kind.model_validate_json(fenced[1] if fenced else text)
    except ValidationError:
        return None


def prompts(what: str) -> dict[str, str]:
    """File -> sha256 of the prompts that ``what`` asks."""
    return {f"{name}.md": hashlib.sha256(_prompt(name).encode()).hexdigest() for name in ASKED[what]}


@cache
def _prompt(name: str) -> str:
    return resources.files("envfactory.mining").joinpath(f"prompts/{name}.md").read_text(encoding="utf-8")


def _settled(text: str) -> str:
    """Lines without blanks at their ends, and one line break at the end, as every statement is written."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n") + "\n"
