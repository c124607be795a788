"""Errors as HTTP answers: one body (``Problem``) and a status that says whose fault it is.

4xx: the request's; 503: the machine's, ask again; 500: the machine's, asking again will not help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

from envfactory.errors import FactoryError, PrerequisiteError, StageError, UsageError
from envfactory.serve.messages import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

STATUS = {
    "not_found": 404,
    "episode_timeout": 410,
    "patch_does_not_apply": 422,
    "report_not_a_file": 422,
    "report_too_large": 422,
    "disk_limit": 422,
    "pool_full": 429,
    "pool_closed": 503,
}
"""By cause; of other errors of a stage ``retryable`` decides between 503 and 500."""
RETRY_AFTER = "5"
"""Seconds, for 429 and 503."""


class NotThere(UsageError):
    """A task, an episode, a snapshot or a file of that name does not exist."""


def install(app: FastAPI) -> None:
    """Every error of ours becomes an answer."""
    app.add_exception_handler(FactoryError, _answer)
    app.add_exception_handler(FileNotFoundError, _answer)


async def _answer(_: Request, error: Exception) -> JSONResponse:
    problem, status = problem_of(error)
    headers = {"Retry-After": RETRY_AFTER} if status in (429, 503) else None
    return JSONResponse(problem.model_dump(), status, headers=headers)


def problem_of(error: Exception) -> tuple[Problem, int]:
    """The body and the status."""
    if isinstance(error, StageError):
        other = 503 if error.retryable else 500
        found = Problem(
            cause=error.cause, message=str(error), hint=error.hint, retryable=error.retryable or other == 503
        )
        return found, STATUS.get(error.cause, other)
    hint = error.hint if isinstance(error, FactoryError) else ""
    if isinstance(error, NotThere | FileNotFoundError):
        return Problem(cause="not_found", message=f"not found: {error}", hint=hint), STATUS["not_found"]
    if isinstance(error, PrerequisiteError):
        return Problem(cause="prerequisite_missing", message=str(error), hint=hint, retryable=True), 503
    return Problem(cause="wrong_request", message=str(error), hint=hint), 400
