"""From the collector's lines and the end of the process to a ``TestReport``.

Pure: what the lines do not say is filled in here (the test that ran when everything stopped, those
that never got their turn) and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from envfactory.records import Limits, Outcome, State, TestReport, TestResult
from envfactory.trials.canary import Canary, bent
from envfactory.trials.collectors.report_lines import read

CPU_LIMIT_EXIT = (155, -27)
"""128 + SIGPROF: the collector's hard limit on a test stuck in C code."""
TAIL = 8000


@dataclass(frozen=True)
class Ending:
    """How the test process ended, as the engine saw it."""

    exit_code: int | None
    timed_out: bool = False
    out_of_memory: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    output: str = ""
    interrupted: str = ""
    """Why the run was stopped from outside other than by time, e.g. ``disk_limit``."""


@dataclass(frozen=True)
class Label:
    """Which run of what this was."""

    image_id: str
    state: State
    attempt: int
    limits: Limits
    checks: tuple[str, ...] = ()
    """Kinds of check that the gold runs passed, see ``canary``."""


def report_of(
    data: bytes, key: bytes, nonce: str, ending: Ending, label: Label, canary: Canary | None
) -> TestReport:
    """The report of one run; ``data`` may be empty, cut or forged."""
    lines = read(data, key, nonce)
    results = _results(lines, ending, label.limits)
    tampered = [*lines["tampered"], *bent(label.checks, lines["altered"])]
    complete = lines["end"] is not None and ending.exit_code is not None and not ending.interrupted
    uncollectable = dict(lines["uncollectable"])
    if canary is not None:
        uncollectable.pop(canary.path, None)
        results, wrong = canary.split(results)
        works = any(result.outcome is Outcome.PASSED for result in results.values())
        if complete and works:
            tampered += wrong
    return TestReport(
        image_id=label.image_id,
        state=label.state,
        attempt=label.attempt,
        results=results,
        collection_errors=uncollectable,
        exit_code=ending.exit_code,
        complete=complete,
        timed_out=ending.timed_out,
        out_of_memory=ending.out_of_memory,
        tampered=tuple(tampered),
        seconds=round(ending.seconds, 3),
        cpu_seconds=round(ending.cpu_seconds, 3),
        raw_digest=hashlib.sha256(data).hexdigest(),
        output_tail=ending.output[-TAIL:],
    )


def _results(lines: Mapping[str, Any], ending: Ending, limits: Limits) -> dict[str, TestResult]:
    results = {
        module: TestResult(outcome=Outcome.SKIPPED, message=reason[:300])
        for module, reason in lines["module_skipped"].items()
    }
    for name in lines["collected"]:
        results[name] = TestResult(outcome=Outcome.MISSING)
    running = lines["running"]
    if running and lines["end"] is None:
        results[running["id"]] = _cut_short(running, ending, limits)
    for name, line in lines["results"].items():
        results[name] = TestResult(
            outcome=Outcome(line["outcome"]), seconds=line["seconds"], message=line["message"][:300]
        )
    return results


def _cut_short(running: Mapping[str, Any], ending: Ending, limits: Limits) -> TestResult:
    """The test that was running when the process ended."""
    seconds = max(round(ending.seconds - float(running["at"]), 3), 0.0)
    if ending.timed_out or ending.exit_code in CPU_LIMIT_EXIT:
        return TestResult(outcome=Outcome.TIMEOUT, seconds=seconds, message="still running when stopped")
    memory = "out of memory" if ending.out_of_memory else ""
    reason = ending.interrupted or memory or f"exit code {ending.exit_code}"
    return TestResult(outcome=Outcome.ERROR, seconds=seconds, message=f"the run ended here: {reason}")
