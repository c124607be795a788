"""What a run may spend on a language model, and what it has spent.

A question is let through only if its estimate fits into what is left beside the estimates of the
questions under way; afterwards the real cost is booked.  Asks nobody anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from envfactory.errors import ModelError

MILLION = 1e6
BYTES_PER_TOKEN = 3
"""For estimates before the call: English is near 4, logs full of paths and digits are near 3."""


@dataclass(frozen=True)
class Prices:
    """US dollars per million tokens."""

    input_usd: float
    output_usd: float

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / MILLION


def tokens_of(text: str) -> int:
    """Roughly how many tokens a text has, rather too many than too few."""
    return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1


class Budget:
    """One purse for all threads of a run."""

    def __init__(self, cap_usd: float) -> None:
        self._cap = cap_usd
        self._lock = threading.Lock()
        self._spent = self._reserved = 0.0

    @property
    def spent(self) -> float:
        """US dollars so far."""
        return self._spent

    @contextmanager
    def spending(self, estimate_usd: float) -> Iterator[Callable[[float], None]]:
        """Hold ``estimate_usd`` back during a call; call what is yielded with the real cost.

        Raises ``ModelError(cause="model_cost_cap")`` when the estimate does not fit.
        """
        with self._lock:
            if self._spent + self._reserved + estimate_usd > self._cap:
                raise ModelError(
                    f"a question for about {estimate_usd:.4f} USD does not fit: {self._spent:.4f} of"
                    f" {self._cap:.2f} USD are spent",
                    cause="model_cost_cap",
                    hint="raise model_max_cost_usd",
                )
            self._reserved += estimate_usd
        try:
            yield self._book
        finally:
            with self._lock:
                self._reserved -= estimate_usd

    def _book(self, cost_usd: float) -> None:
        with self._lock:
            self._spent += cost_usd
