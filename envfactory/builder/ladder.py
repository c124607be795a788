"""The building ladder: rules, then repairs, then the exact date, until the touched tests run.

    rules as of the quarter's first day      neighbouring pull requests share what this resolves to
      ├─ repairs, one change at a time       as long as the language knows one for the symptoms
      └─ the pull request's own date         when the quarter's first day was too early

Reuse is below: equal specs find their image, equal declarations their resolution.  What worked for
*another* pull request is not tried, since the result would depend on which was finished first.  The
number of tries is bounded, and every one of them is recorded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from envfactory.builder.attempt import Broke, Reached, Work, attempt
from envfactory.languages.declaration import Declaration, Repair, Symptoms
from envfactory.records import Environment, Record, Rejection, RungAttempt, TestReport

SECONDS_PER_BUILD = 2.0
"""The whole climb may take so many times the time-out of one build."""


class Built(Record):
    """What the build stage returns: an environment that works and the run that proved it."""

    environment: Environment
    probe: TestReport
    """State *after*, attempt 1, over ``test_modules``; the extractor may count it as its first run."""
    test_modules: tuple[str, ...]
    """What the probe ran: the touched modules, then related ones unless those kept it from ending."""


@dataclass
class _Climb:
    """Where the climb stands."""

    work: Work
    declaration: Declaration
    cutoff: datetime
    exact: datetime
    change: str = ""
    attempts: list[RungAttempt] = field(default_factory=list)
    best: Reached | None = None
    tried: set[tuple[str, tuple[str, ...], tuple[str, ...], datetime]] = field(default_factory=set)


def climb(work: Work, declaration: Declaration, when: datetime) -> Built | Rejection:
    """An environment in which the touched tests run, or why there is none."""
    settings = work.site.settings
    started = time.monotonic()
    state = _Climb(work, declaration, quarter(when), when.astimezone(UTC))
    last: Reached | Broke | None = None
    while len(state.attempts) < settings.build_rungs:
        last = _try(state)
        if isinstance(last, Reached) and last.verdict.works:
            _keep_better(state, last)
            if not last.verdict.poor:
                break
        elif isinstance(last, Reached):
            _discard(state, last)
        if time.monotonic() - started > SECONDS_PER_BUILD * settings.build_timeout or not _next(state, last):
            break
    return _result(state, last, time.monotonic() - started)


def quarter(when: datetime) -> datetime:
    """First moment of the quarter that ``when`` is in, UTC."""
    utc = when.astimezone(UTC)
    return datetime(utc.year, (utc.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)


def _try(state: _Climb) -> Reached | Broke:
    state.tried.add(_identity(state.declaration, state.cutoff))
    started = time.monotonic()
    outcome = attempt(state.work, state.declaration, state.cutoff)
    if isinstance(outcome, Broke):
        result, detail = f"{outcome.phase}_failed", outcome.reason
    else:
        result, detail = ("works" if outcome.verdict.works else "tests_failed"), outcome.verdict.reason
    state.attempts.append(
        RungAttempt.model_validate(
            {
                "rung": "repairs" if state.declaration.repairs else "rules",
                "change": state.change,
                "outcome": result,
                "detail": detail,
                "seconds": time.monotonic() - started,
            }
        )
    )
    return outcome


def _next(state: _Climb, last: Reached | Broke) -> bool:
    """Decide what to try next; false when there is nothing left."""
    early = state.cutoff < state.exact
    if early and isinstance(last, Broke) and last.phase == "resolve" and last.reason != "no_interpreter":
        return _as_of_exact_date(state)
    repair = state.work.language.repair(state.declaration, _symptoms(state, last))
    if repair is not None and _identity(repair.declaration, state.cutoff) not in state.tried:
        state.declaration = _with_evidence(repair)
        state.change = repair.change
        return True
    return early and state.best is None and _as_of_exact_date(state)


def _as_of_exact_date(state: _Climb) -> bool:
    state.cutoff = state.exact
    state.change = f"as of {state.exact:%Y-%m-%d} instead of the quarter's first day"
    return True


def _symptoms(state: _Climb, last: Reached | Broke) -> Symptoms:
    index = state.work.site.index
    if isinstance(last, Broke):
        return Symptoms(phase=last.phase, log=last.log, report=None, cutoff=state.cutoff, index=index)
    return Symptoms(
        phase="tests", log=last.probe.output_tail, report=last.probe, cutoff=state.cutoff, index=index
    )


def _with_evidence(repair: Repair) -> Declaration:
    declaration = repair.declaration
    if repair.evidence in declaration.evidence:
        return declaration
    return declaration.model_copy(update={"evidence": (*declaration.evidence, repair.evidence)})


def _identity(
    declaration: Declaration, cutoff: datetime
) -> tuple[str, tuple[str, ...], tuple[str, ...], datetime]:
    return declaration.key, declaration.test_args, declaration.test_prefix, cutoff


def _keep_better(state: _Climb, new: Reached) -> None:
    old, state.best = state.best, new
    if old is not None:
        if new.verdict.passed <= old.verdict.passed:
            old, state.best = new, old
        _discard(state, old)


def _discard(state: _Climb, reached: Reached) -> None:
    """Remove an image that will not be used; another choice of runner options leaves the image the same."""
    if state.best is None or state.best.image.tag != reached.image.tag:
        state.work.site.engine.remove_image(reached.image.tag)


def _result(state: _Climb, last: Reached | Broke | None, seconds: float) -> Built | Rejection:
    best, candidate = state.best, state.work.candidate
    if best is not None:
        environment = Environment(
            spec=best.spec,
            image=best.image,
            attempts=tuple(state.attempts),
            seconds={"total": seconds, "image": best.image.seconds, "probe": best.probe.seconds},
        )
        return Built(environment=environment, probe=best.probe, test_modules=best.modules)
    if isinstance(last, Reached):
        reason, detail = last.verdict.reason, last.verdict.detail
    elif last is not None:
        reason, detail = last.reason, last.log[-1500:]
    else:
        reason, detail = "not_tried", "the setting build_rungs allows no try"
    tries = " > ".join(f"{item.change or item.rung}: {item.detail}" for item in state.attempts)
    return Rejection(
        key=candidate.pull_request.key,
        stage="build",
        reason=reason,
        detail=f"{detail}\ntried: {tries}"[:4000],
    )
