"""Questions to one model: answered from what was answered before, else asked within the cost cap.

An answer is kept under the digest of its question, so that repeating a run costs nothing and gives the
same.  What the answer is worth is not judged here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from envfactory.model.budget import Budget, Prices, tokens_of
from envfactory.model.endpoint import MAX_OUTPUT_TOKENS, Answer, Endpoint
from envfactory.records import canonical_json
from envfactory.workspace import write_atomic

if TYPE_CHECKING:
    from envfactory.settings import Settings

FOLDER = "model-answers"


@dataclass(frozen=True)
class Reply:
    """An answer and what it cost now; nothing when it was known."""

    text: str
    cost_usd: float
    known: bool


class Model:
    """One model for one run; usable by several threads."""

    def __init__(self, endpoint: Endpoint, prices: Prices, budget: Budget, cache: Path) -> None:
        self.name = endpoint.model
        self._endpoint, self._prices, self._budget = endpoint, prices, budget
        self._folder = cache / FOLDER

    @classmethod
    def of(cls, settings: Settings, cache: Path) -> Model | None:
        """The model that the settings name, if any."""
        if not settings.model:
            return None
        prices = Prices(settings.model_input_price_usd or 0.0, settings.model_output_price_usd or 0.0)
        endpoint = Endpoint(settings.model_url, settings.model)
        return cls(endpoint, prices, Budget(settings.model_max_cost_usd), cache)

    def ask(self, system: str, user: str) -> Reply:
        """The answer to a question.  Raises what ``Endpoint.ask`` does, and ``model_cost_cap``."""
        digest = hashlib.sha256(canonical_json([self.name, system, user, MAX_OUTPUT_TOKENS])).hexdigest()
        path = self._folder / digest[:2] / f"{digest}.json"
        known = _read(path)
        if known is not None:
            return Reply(known.text, 0.0, known=True)
        asked = tokens_of(system) + tokens_of(user)
        with self._budget.spending(self._prices.cost(asked, MAX_OUTPUT_TOKENS)) as book:
            answer = self._endpoint.ask(system, user)
            cost = self._prices.cost(
                asked if answer.input_tokens is None else answer.input_tokens,
                tokens_of(answer.text) if answer.output_tokens is None else answer.output_tokens,
            )
            book(cost)
        write_atomic(path, answer.model_dump_json())
        return Reply(answer.text, cost, known=False)


def _read(path: Path) -> Answer | None:
    try:
        return Answer.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
