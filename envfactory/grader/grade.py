"""The reward of a patch: a pristine container, the patch, the hidden tests, the verdict.

The one way in which anything is judged here: trainers, the command line, and the extractor when it
decides whether a task is valid.  What the machine breaks is a ``fault``, never a zero; what the patch
breaks is a zero, never a fault.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import StageError
from envfactory.grader.measurement import Examination, measured
from envfactory.grader.protected import splice
from envfactory.grader.screening import findings, is_plain
from envfactory.grader.second_opinion import unconfirmed
from envfactory.grader.speed import revalued
from envfactory.grader.verdict import differences, verdict
from envfactory.records import Completion, Environment, Outcome, Reward, RewardSpec, TestReport
from envfactory.trials import PatchError, TrialPlan, run_trial
from envfactory.trials.lost import STREAM_LOST
from envfactory.trials.protection import NEVER_PATCHED

if TYPE_CHECKING:
    from envfactory.engine import Engine

Options = Mapping[str, str | Completion | None]
"""``mode``, ``completion`` and ``second_opinion`` of ``grade``; what is missing is its default."""
JUDGED = {"fail_to_pass", "pass_to_pass", "expected", "flaky"}
SHOWN = 10
RETRY_SECONDS = 1.0
PLAIN_SHARE = 16
"""One in so many plain patches is looked at twice, too."""


@dataclass(frozen=True)
class GradeSubject:
    """A task as far as grading needs it."""

    image: str
    """Tag or id of the task's image."""
    reward_spec: RewardSpec
    env: Mapping[str, str] = field(default_factory=dict)
    language: str = "python"


@dataclass(frozen=True)
class Judgement:
    """A reward and the run that it was computed from; ``None`` when there was no run."""

    reward: Reward
    report: TestReport | None


def subject_of(environment: Environment, spec: RewardSpec) -> GradeSubject:
    """What to grade for a task whose records are at hand."""
    return GradeSubject(environment.image.tag, spec, environment.spec.env, environment.spec.language)


def grade(
    engine: Engine,
    subject: GradeSubject,
    patch: str,
    *,
    mode: str = "binary",
    attempts: int = 3,
    completion_seconds: float | Completion | None = None,
    second_opinion: str = "auto",
    log: Path | None = None,
) -> Reward:
    """The reward of ``patch`` (a unified diff; an empty one is a patch).  Never raises for either side.

    ``mode`` is one of ``verdict.MODES``; a fault that may pass is tried ``attempts`` times in all;
    ``completion_seconds``, those of the episode, is what the speed term sees instead of the seconds of
    this run;
    ``second_opinion`` is ``auto``, ``always`` or ``never``: which patches are run once more with tests
    turned around (see ``second_opinion``).
    """
    options: Options = {
        "mode": mode,
        "completion": Completion.of(completion_seconds),
        "second_opinion": second_opinion,
    }
    return judge(engine, subject, patch, attempts=attempts, log=log, options=options).reward


def judge(
    engine: Engine,
    subject: GradeSubject,
    patch: str,
    *,
    attempts: int = 3,
    log: Path | None = None,
    options: Options | None = None,
) -> Judgement:
    """As ``grade``, with the test report behind the reward."""
    spec, started = subject.reward_spec, time.monotonic()
    twice = _wanted((options or {}).get("second_opinion"), patch)
    for attempt in range(1, attempts + 1):
        try:
            report = _measured(engine, subject, patch, attempt, log, options or {}, twice)
        except PatchError as error:
            reward = _nothing(spec, value=0.0, evidence=(error.cause, *findings(patch)), detail=str(error))
        except StageError as error:
            if error.retryable and attempt < attempts:
                time.sleep(RETRY_SECONDS * attempt)
                continue
            if error.cause == STREAM_LOST:  # every time: the tests close their own output
                reward = _nothing(spec, value=0.0, evidence=(error.cause,), detail=str(error))
            else:
                reward = _nothing(spec, value=None, fault=error.cause, detail=str(error))
        else:
            reward = reward_of(report, spec, options or {})
            alone = unconfirmed(spec, subject.language) if twice and reward.resolved else ()
            dropped = tuple(f"dropped: {path}" for path in report.dropped)
            noted = (*reward.evidence, *alone, *dropped, *findings(patch))
            reward = reward.model_copy(update={"evidence": noted})
            return Judgement(_timed(reward, started), report)
        return Judgement(_timed(reward, started), None)
    raise ValueError("attempts must be at least 1")


def _measured(
    engine: Engine,
    subject: GradeSubject,
    patch: str,
    attempt: int,
    log: Path | None,
    options: Options,
    twice: bool,
) -> TestReport:
    """The run of the hidden tests, with the evidence of a turned one where that is called for."""
    plan, spec = plan_of(subject, patch), subject.reward_spec

    def run(tried: TrialPlan) -> TestReport:
        kept = log if tried is plan else None
        return run_trial(engine, tried, state="graded", attempt=attempt, log=kept)

    def resolved(report: TestReport) -> bool:
        return reward_of(report, spec, options).resolved

    return measured(run, Examination(plan, spec, subject.language, twice, resolved))


def _wanted(when: object, patch: str) -> bool:
    """Whether a patch is looked at twice: all that are not plain, and a random few more."""
    if when in ("always", "never"):
        return when == "always"
    return bool(patch.strip()) and (not is_plain(patch) or secrets.randbelow(PLAIN_SHARE) == 0)


def plan_of(subject: GradeSubject, patch: str) -> TrialPlan:
    """The trial that judges ``patch``."""
    spec = subject.reward_spec
    return TrialPlan(
        image=subject.image,
        test_command=spec.test_command,
        test_modules=spec.test_modules,
        hidden_files=spec.hidden_files,
        patch=patch,
        limits=spec.limits,
        env=subject.env,
        rebuild_steps=spec.rebuild_steps,
        protected=(*spec.protected, *NEVER_PATCHED),
        language=subject.language,
        canaries=spec.canaries,
        shared={file.path: base64.b64decode(file.content or "") for file in spec.shared_files},
        splice=splice,
    )


def reward_of(report: TestReport, spec: RewardSpec, options: Options) -> Reward:
    """What one graded run is worth; pure."""
    outcomes = {name: result.outcome.value for name, result in report.results.items()}
    data = spec.model_dump(mode="json", include=JUDGED)
    honest = not report.tampered
    judged = verdict(outcomes, data, report.complete and honest, str(options.get("mode") or "binary"))
    told = options.get("completion")
    # A patch alone has no episode: its tests count as all of it.
    of_tests = Completion(episode=report.seconds, environment=report.seconds, cpu=report.cpu_seconds)
    reward = Reward(
        instance_id=spec.instance_id,
        value=judged["value"],
        performance=judged["value"],
        resolved=judged["resolved"],
        fail_to_pass_rate=judged["fail_to_pass_rate"],
        pass_to_pass_rate=judged["pass_to_pass_rate"],
        completion=told if isinstance(told, Completion) else of_tests,
        tampered=not honest,
        evidence=report.tampered,
        detail=_detail(report, judged["failing"], differences(outcomes, data)),
        tests={name: Outcome(word) for name, word in sorted(outcomes.items())},
        spec_digest=spec.digest,
    )
    return revalued(reward, spec.speed)


def _detail(report: TestReport, failing: list[str], unlike: Mapping[str, list[str]]) -> str:
    """For people: why this is not resolved."""
    told = []
    if not report.complete:
        why = (
            "out of memory" if report.out_of_memory else "time limit" if report.timed_out else "it broke off"
        )
        told.append(f"the test run did not reach its end: {why}")
    for what, names in (("failing", failing), ("new", unlike["new"]), ("vanished", unlike["vanished"])):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            told.append(f"{what}: {', '.join(names[:SHOWN])}{more}")
    return "; ".join(told)


def _nothing(
    spec: RewardSpec,
    *,
    value: float | None,
    evidence: tuple[str, ...] = (),
    fault: str | None = None,
    detail: str = "",
) -> Reward:
    """The reward of a patch whose tests never ran."""
    return Reward(
        instance_id=spec.instance_id,
        value=value,
        performance=value,
        resolved=False,
        fail_to_pass_rate=0.0,
        pass_to_pass_rate=0.0,
        evidence=evidence,
        fault=fault,
        detail=detail[:2000],
        spec_digest=spec.digest,
    )


def _timed(reward: Reward, started: float) -> Reward:
    return reward.model_copy(update={"seconds": round(time.monotonic() - started, 3)})
