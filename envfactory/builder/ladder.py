"""The building ladder: rules, then repairs, then the exact date, until the touched tests run.

    rules as of the quarter's first day      neighbouring pull requests share what this resolves to
      ├─ repairs, one change at a time       as long as the language knows one for the symptoms
      ├─ the pull request's own date         when the quarter's first day was too early
      └─ a model's proposals                 if one is configured and nothing else is left

Reuse is below: equal specs find their image, equal declarations their resolution.  What worked for
*another* pull request is not tried, since the result would depend on which was finished first.  The
number of tries is bounded, and every one of them is recorded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from envfactory.builder.attempt import Broke, Reached, attempt
from envfactory.builder.built import Built
from envfactory.builder.probe import Work
from envfactory.builder.proposer import Question
from envfactory.builder.reuse import NotedRecipes
from envfactory.builder.source import quarter
from envfactory.builder.symptoms import symptoms_of
from envfactory.languages.declaration import Declaration, Repair, Symptoms
from envfactory.records import Environment, Rejection, RungAttempt

SECONDS_PER_BUILD = 2.0
"""The whole climb may take so many times the time-out of one build."""
EXHAUSTING = frozenset({"build_too_long", "tests_too_long", "tests_out_of_memory", "needs_history"})
"""Reasons for which another try would only take as long, or end in the same way, again."""
LONG_PROBE = 60.0
"""Seconds: an environment that works and whose tests take longer is left as it is after one vain try."""
HOPELESS = EXHAUSTING | {"needs_network", "no_interpreter"}
"""Reasons that no change a model may propose would cure."""


@dataclass
class _Climb:
    """Where the climb stands."""

    work: Work
    recipes: NotedRecipes
    declaration: Declaration
    cutoff: datetime
    exact: datetime
    rung: str = "rules"
    kind: str = ""
    change: str = ""
    cost_usd: float = 0.0
    asked: int = 0
    """Questions to the model."""
    peak: tuple[Declaration, Reached | Broke] | None = None
    """The try that got furthest, and what was declared for it."""
    grounds: tuple[Declaration, Reached | Broke] | None = None
    """Where a proposal set out from; a proposal that makes things worse is taken back."""
    attempts: list[RungAttempt] = field(default_factory=list)
    best: Reached | None = None
    tried: set[tuple[object, ...]] = field(default_factory=set)


def climb(work: Work, declaration: Declaration, when: datetime) -> Built | Rejection:
    """An environment in which the touched tests run, or why there is none.

    Raises ``StageError`` when we or the machine broke, a model that does not answer included.
    """
    started = time.monotonic()
    recipes = NotedRecipes(work.site.recipes)
    work = replace(work, site=replace(work.site, recipes=recipes))
    state = _Climb(work, recipes, declaration, quarter(when), when.astimezone(UTC))
    while True:
        last = _try(state)
        if isinstance(last, Reached) and last.verdict.works:
            _keep_better(state, last)
            if not last.verdict.poor:
                break
        elif isinstance(last, Reached):
            _discard(state, last)
        spent = time.monotonic() - started
        if spent > SECONDS_PER_BUILD * work.site.settings.build_timeout or not _next(state, last):
            break
    return _result(state, last, time.monotonic() - started)


def _try(state: _Climb) -> Reached | Broke:
    state.tried.add(_identity(state.declaration, state.cutoff))
    state.recipes.knew = False
    started = time.monotonic()
    outcome = attempt(state.work, state.declaration, state.cutoff, state.exact)
    reused = ["resolution"] if state.recipes.knew else []
    if isinstance(outcome, Broke):
        result, detail, passed = f"{outcome.phase}_failed", outcome.reason, 0
    else:
        verdict, result = outcome.verdict, "works" if outcome.verdict.works else "tests_failed"
        detail, passed = ": ".join(filter(None, (verdict.reason, verdict.detail)))[:500], verdict.passed
        reused += ["image"] if outcome.image.cached else []
    seconds = time.monotonic() - started
    _record(state, outcome=result, detail=detail, seconds=seconds, passed=passed, reused=reused)
    return outcome


def _record(state: _Climb, **what: Any) -> None:
    """One more line of evidence about the change that is being tried."""
    said = {"rung": state.rung, "kind": state.kind, "change": state.change, "cost_usd": state.cost_usd}
    state.attempts.append(RungAttempt.model_validate(said | what))


def _next(state: _Climb, last: Reached | Broke) -> bool:
    """Decide what to try next; false when there is nothing left, or not worth its time."""
    best = state.best
    if best is not None and last is not best and best.probe.seconds > LONG_PROBE:
        return False
    if len(state.attempts) - state.asked < state.work.site.settings.build_rungs and _by_rules(state, last):
        return True
    return state.best is None and _by_model(state, last)


def _by_rules(state: _Climb, last: Reached | Broke) -> bool:
    """A repair or the exact date; a repair that only made things worse is taken back."""
    if _reason(last) in EXHAUSTING:
        return False
    early = state.cutoff < state.exact
    if early and isinstance(last, Broke) and last.phase == "resolve" and last.reason != "no_interpreter":
        return _as_of_exact_date(state)
    here = (state.declaration, last)
    if state.peak is None or _height(last) >= _height(state.peak[1]):
        state.peak = here
    words = state.declaration.repairs
    for declaration, outcome in (here, state.peak) if state.peak[1] is not last else (here,):
        asked = declaration.model_copy(
            update={"repairs": tuple(dict.fromkeys((*declaration.repairs, *words)))}
        )
        repair = state.work.language.repair(asked, _symptoms(state, outcome))
        if repair is not None and _identity(repair.declaration, state.cutoff) not in state.tried:
            state.declaration = _with_evidence(repair)
            state.rung, state.kind, state.change = "repairs", repair.evidence.choice, repair.change
            state.cost_usd = 0.0
            return True
    return early and state.best is None and _as_of_exact_date(state)


def _by_model(state: _Climb, last: Reached | Broke) -> bool:
    """Ask until a proposal can be tried; what cannot is recorded, so that the next question differs."""
    site, proposer = state.work.site, state.work.site.proposer
    if proposer is None or _reason(last) in HOPELESS:
        return False
    if state.grounds is not None and _height(last) < _height(state.grounds[1]):
        state.declaration, last = state.grounds
    state.grounds = (state.declaration, last)
    while state.asked < site.settings.model_tries:
        state.asked += 1
        started = time.monotonic()
        answer = proposer.propose(_question(state, last))
        state.rung, state.kind, state.change = "model", answer.kind, answer.words
        state.cost_usd = answer.cost_usd
        refused, repair = answer.refused, answer.repair
        if repair is not None and _identity(repair.declaration, state.cutoff) not in state.tried:
            state.declaration = _with_evidence(repair)
            return True
        refused = refused or "tried_before"
        _record(state, outcome="refused", detail=refused, seconds=time.monotonic() - started)
        if refused == "cost_cap":
            break
    return False


def _question(state: _Climb, last: Reached | Broke) -> Question:
    return Question(state.declaration, _symptoms(state, last), tuple(state.attempts), state.work.language)


def _reason(last: Reached | Broke) -> str:
    return last.reason if isinstance(last, Broke) else last.verdict.reason


def _height(outcome: Reached | Broke) -> tuple[int, int]:
    """How far a try got."""
    if isinstance(outcome, Broke):
        return (0 if outcome.phase == "resolve" else 1), 0
    return 2, outcome.verdict.passed


def _as_of_exact_date(state: _Climb) -> bool:
    state.cutoff = state.exact
    state.rung, state.kind, state.cost_usd = "repairs", "exact date", 0.0
    state.change = f"as of {state.exact:%Y-%m-%d} instead of the quarter's first day"
    return True


def _symptoms(state: _Climb, last: Reached | Broke) -> Symptoms:
    return symptoms_of(state.work, last, state.cutoff, state.exact)


def _with_evidence(repair: Repair) -> Declaration:
    declaration = repair.declaration
    if repair.evidence in declaration.evidence:
        return declaration
    return declaration.model_copy(update={"evidence": (*declaration.evidence, repair.evidence)})


def _identity(declaration: Declaration, cutoff: datetime) -> tuple[object, ...]:
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


def _result(state: _Climb, last: Reached | Broke, seconds: float) -> Built | Rejection:
    best, candidate = state.best, state.work.candidate
    if best is not None:
        environment = Environment(
            spec=best.spec,
            image=best.image,
            attempts=tuple(state.attempts),
            seconds={"total": seconds, **best.seconds},
        )
        return Built(environment=environment, probe=best.probe, test_modules=best.modules)
    if isinstance(last, Reached):
        reason, detail = last.verdict.reason, last.verdict.detail
    else:
        reason, detail = last.reason, last.log[-1500:]
    tries = " > ".join(f"{item.change or item.rung}: {item.detail}" for item in state.attempts)
    return Rejection(
        key=candidate.pull_request.key,
        stage="build",
        reason=reason,
        detail=f"{detail}\ntried: {tries}"[:4000],
        attempts=tuple(state.attempts),
    )
