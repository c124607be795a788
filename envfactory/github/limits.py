"""GitHub's budgets: how many calls each token has left, until when, and which token to use next.

Read from the headers of every answer, kept per token and resource (``core`` for REST, ``search``,
``graphql``).  https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.  Never
sleeps and never asks anybody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

SECONDARY_SECONDS = 60.0
"""GitHub's advice for a secondary limit without ``retry-after``: a minute, then longer and longer."""
SLACK_SECONDS = 1.0
"""The reset is told in whole seconds."""


@dataclass
class Allowance:
    """What one token may ask of one resource; unknown until the first answer."""

    remaining: int | None = None
    limit: int | None = None
    reset: float = 0.0
    """When ``remaining`` is ``limit`` again, in seconds since the epoch by GitHub's clock."""
    blocked: float = 0.0
    """No call before this moment."""
    blocks: int = 0
    """Blocks in a row without a moment of their own."""

    def ready(self) -> float:
        """The moment from which a call may be made."""
        return max(self.blocked, self.reset if self.remaining is not None and self.remaining <= 0 else 0.0)


class Allowances:
    """The allowances of all tokens; a token is its position, and one nameless caller is a token too."""

    def __init__(self, tokens: int) -> None:
        self._tokens = range(max(1, tokens))
        self._refused: set[int] = set()
        self._table: dict[tuple[int, str], Allowance] = {}
        self._skew = 0.0

    def now(self) -> float:
        """Seconds since the epoch by GitHub's clock."""
        return time.time() + self._skew

    def choose(self, resource: str) -> tuple[int, float] | None:
        """(token, seconds until it may be used); ``None`` when GitHub refused them all.

        REST prefers the first token: an ETag is worth something only to the token that got it.  GraphQL,
        which has none, takes the token with the most calls left.
        """
        now = self.now()

        def rank(token: int) -> tuple[float, float]:
            allowance = self._of(token, resource)
            left = float("inf") if allowance.remaining is None else allowance.remaining
            return max(0.0, allowance.ready() - now), -left if resource == "graphql" else token

        able = [token for token in self._tokens if token not in self._refused]
        if not able:
            return None
        best = min(able, key=rank)
        wait = self._of(best, resource).ready() - now
        return best, wait + SLACK_SECONDS if wait > 0 else 0.0

    def note(self, token: int, resource: str, headers: Mapping[str, str]) -> None:
        """Learn from the headers (lower-case names) of an answer that GitHub just gave."""
        sent = headers.get("date")
        if sent:
            try:
                self._skew = parsedate_to_datetime(sent).timestamp() - time.time()
            except ValueError:
                self._skew = 0.0
        allowance = self._of(token, headers.get("x-ratelimit-resource") or resource)
        remaining, limit, reset = (
            _number(headers.get(f"x-ratelimit-{name}")) for name in ("remaining", "limit", "reset")
        )
        if remaining is not None:
            allowance.remaining, allowance.limit, allowance.reset = remaining, limit, float(reset or 0)

    def block(self, token: int, resource: str, headers: Mapping[str, str]) -> None:
        """GitHub limits this token: for ``retry-after`` seconds, until its reset, or a growing while."""
        allowance = self._of(token, resource)
        after = _number(headers.get("retry-after"))
        if after is not None:
            allowance.blocked = self.now() + after
        elif not (allowance.remaining == 0 and allowance.reset > self.now()):
            allowance.blocked = self.now() + SECONDARY_SECONDS * 2**allowance.blocks
            allowance.blocks += 1

    def served(self, token: int, resource: str) -> None:
        """A call was answered: the next block starts from the beginning."""
        self._of(token, resource).blocks = 0

    def refuse(self, token: int) -> None:
        """GitHub does not accept this token; it is not used again."""
        self._refused.add(token)

    def told(self) -> str:
        """What is left, for the progress line; '' before the first answer."""
        now, parts = self.now(), []
        for resource in ("core", "search", "graphql"):
            known = [
                self._table[key]
                for key in self._table
                if key[1] == resource and self._table[key].remaining is not None
            ]
            if known:
                left = sum((one.limit or 0) if one.reset <= now else (one.remaining or 0) for one in known)
                parts.append(f"{resource} {left:,} of {sum(one.limit or 0 for one in known):,} left")
        return ", ".join(parts)

    def _of(self, token: int, resource: str) -> Allowance:
        return self._table.setdefault((token, resource), Allowance())


def _number(text: str | None) -> int | None:
    """A header's number; some servers write ``12.0``."""
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None
