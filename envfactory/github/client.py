"""Asks GitHub and keeps to its limits: which token, how long to wait, when to ask again, when to give up.

Every question ends: with an answer, or within a bounded number of tries and a bounded wait with an
error that says what to do.  What a limit interrupts is asked again by the same command later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.errors import PrerequisiteError, RateLimited, RemoteError, UsageError
from envfactory.github.addresses import Addresses
from envfactory.github.limits import Allowances
from envfactory.github.transport import Answer, Transport, Unavailable

if TYPE_CHECKING:
    from pydantic import SecretStr

ATTEMPTS = 6
"""Tries of one call that gets no answer or a 5xx: pauses of 0.5, 1, 2, 4 and 8 seconds and some."""
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
ABSENT = (404, 410, 451)
"""Not there, gone, and withheld for legal reasons."""
NO_GRAPHQL = "github_no_graphql"
"""Cause of the error when a server has REST alone; ``speaks_graphql`` is false then."""
_TIMED_OUT = (502, 504)
_NO_GRAPHQL = (404, 405, 501)


class TooHeavy(Unavailable):
    """GitHub gave up on a GraphQL query; a smaller one may succeed."""


class Client:
    """All questions to one GitHub; a context manager."""

    def __init__(
        self,
        addresses: Addresses,
        tokens: Sequence[SecretStr],
        cache: Path,
        *,
        max_wait: float,
        tell: Callable[[str], None] = lambda text: None,
        budget: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.addresses, self.tokens = addresses, tuple(tokens)
        self.transport = Transport(addresses, tokens, cache / "etags")
        self.allowances = Allowances(len(tokens))
        self.speaks_graphql = bool(tokens)
        """GraphQL answers nobody without a token; a compatible server may have none."""
        self._max_wait, self._tell, self._budget = max_wait, tell, budget

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """JSON of ``GET path``; ``None`` when there is no such thing.

        Raises ``RateLimited``, ``RemoteError`` (no answer after all tries, or refused),
        ``PrerequisiteError`` (no token is accepted) and ``UsageError`` (a search that GitHub cannot read).
        """
        resource = "search" if path.startswith("/search/") else "core"
        answer = self._patiently(path, resource, lambda token: self.transport.get(token, path, parameters))
        return None if answer.status in ABSENT else answer.data

    def graphql(self, query: str, variables: Mapping[str, Any], *, divisible: bool = False) -> dict[str, Any]:
        """``data`` of a query; a part that is not there is ``None`` in it.

        Raises what ``get`` raises; for a ``divisible`` query ``TooHeavy`` as soon as GitHub gives up on it.
        """

        def ask(token: int) -> Answer:
            answer = self.transport.post(token, query, variables)
            if divisible and (answer.status in _TIMED_OUT or _gave_up(answer)):
                raise TooHeavy(f"HTTP {answer.status}")
            return answer

        answer = self._patiently("GraphQL", "graphql", ask)
        if answer.status in _NO_GRAPHQL:
            self.speaks_graphql = False
            raise RemoteError("this server answers no GraphQL", cause=NO_GRAPHQL)
        errors, data = _errors(answer.data), (answer.data or {}).get("data")
        grave = [error for error in errors if error.get("type") not in {"NOT_FOUND", "FORBIDDEN"}]
        if grave or not isinstance(data, dict):
            said = "; ".join(str(error.get("message")) for error in grave or errors)[:500]
            raise RemoteError(f"GitHub cannot answer the query: {said}", cause="github_refused")
        return data

    def _patiently(self, what: str, resource: str, ask: Callable[[int], Answer]) -> Answer:
        import stamina

        try:
            for attempt in stamina.retry_context(
                on=lambda error: isinstance(error, Unavailable) and not isinstance(error, TooHeavy),
                attempts=ATTEMPTS,
                timeout=None,
                wait_initial=PAUSE_SECONDS,
                wait_max=LONGEST_PAUSE_SECONDS,
            ):
                with attempt:
                    return self._allowed(what, resource, ask)
        except TooHeavy:
            raise
        except Unavailable as error:
            raise RemoteError(
                f"GitHub does not answer after {ATTEMPTS} tries: {what}: {error}",
                cause="github_unreachable",
                retryable=True,
                hint="the same command continues where it was; see GitHub's status page or GITHUB_API_URL",
            ) from error
        raise AssertionError("unreachable: the last attempt raises")

    def _allowed(self, what: str, resource: str, ask: Callable[[int], Answer]) -> Answer:
        """One answer that is no limit; waits for the limits, at most ``max_wait`` seconds in all."""
        waited = 0.0
        while True:
            chosen = self.allowances.choose(resource)
            if chosen is None:
                raise PrerequisiteError(
                    "GitHub accepts none of the tokens (401)",
                    hint="set GITHUB_TOKEN to a valid one, or unset it to go on slowly without",
                )
            token, wait = chosen
            if wait:
                waited += wait
                self._wait(resource, wait, waited)
                continue
            answer = ask(token)
            self.allowances.note(token, resource, answer.headers)
            self._budget(self.allowances.told())
            if answer.status == 401 and self.tokens:
                self.allowances.refuse(token)
            elif _limited(answer):
                self.allowances.block(token, resource, answer.headers)
            else:
                self.allowances.served(token, resource)
                return _judged(what, answer)

    def _wait(self, resource: str, seconds: float, total: float) -> None:
        if total > self._max_wait:
            more = "" if self.tokens else "; with a token in GITHUB_TOKEN the limits are 80 times wider"
            raise RateLimited(
                f"GitHub's {resource} limit asks to wait {seconds:.0f} s, longer than --max-wait allows",
                hint=f"the same command continues where it was, later or with a larger --max-wait{more}",
            )
        self._tell(f"waiting {seconds:.0f} s for GitHub's {resource} limit")
        time.sleep(seconds)


def _judged(what: str, answer: Answer) -> Answer:
    """The answer, if it is one."""
    status = answer.status
    if status >= 500 or status == 408 or _gave_up(answer):
        raise Unavailable(f"HTTP {status}{' after a time-out' if status < 400 else ''}")
    if status < 400 or status in {*ABSENT, *_NO_GRAPHQL}:
        return answer
    said = f"{what}: HTTP {status}: {_message(answer)}"
    if status == 422:
        raise UsageError(f"GitHub cannot read the question: {said}", hint="check the search query")
    raise RemoteError(
        f"GitHub refuses: {said}", cause="github_refused", hint="check what the token is allowed to see"
    )


def _limited(answer: Answer) -> bool:
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors"""
    from github.Requester import Requester

    if answer.status in {403, 429}:
        told = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
        return answer.status == 429 or told or Requester.isRateLimitError(_message(answer))
    return any(error.get("type") == "RATE_LIMITED" for error in _errors(answer.data)) or (
        answer.status == 200 and Requester.isSecondaryRateLimitError(_message(answer))
    )


def _gave_up(answer: Answer) -> bool:
    """GraphQL's own time limit ends as an error without a type."""
    return any(
        "type" not in error and "Something went wrong while executing" in str(error.get("message"))
        for error in _errors(answer.data)
    )


def _message(answer: Answer) -> str:
    said = answer.data.get("message") if isinstance(answer.data, dict) else None
    return str(said or "").strip()


def _errors(data: Any) -> list[dict[str, Any]]:
    errors = data.get("errors") if isinstance(data, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
