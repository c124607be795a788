"""What outcomes are worth: pure functions of outcomes and a reward spec (as JSON data).

    verdict(outcomes, spec)   ->  {"value", "resolved", "fail_to_pass_rate", "pass_to_pass_rate", "failing"}
    speed(seconds, spec)      ->  the wall-clock term, or None without a baseline

A test counts only as ``passed``: skipped, expected failures, unexpected passes and tests that vanished
do not.  Standard library only, Python 3.6 syntax: this file is shipped verbatim in every bundle.
"""

# ruff: noqa: UP006, UP035, UP045
from typing import Any, Dict, List, Mapping, Optional

PASSED = "passed"
MODES = ("binary", "graded")


def verdict(
    outcomes: Mapping[str, str], spec: Mapping[str, Any], complete: bool = True, mode: str = "binary"
) -> Dict[str, Any]:
    """Judge one run.

    ``outcomes`` maps test ids to words (``passed``, ``failed``, ...); ``complete`` is false when the run
    did not reach its end, and then nothing is resolved.  ``mode`` "graded" makes ``value`` the product
    of both rates instead of 0 or 1.
    """
    if mode not in MODES:
        raise ValueError("mode must be one of {}, not {!r}".format(", ".join(MODES), mode))
    required = spec["fail_to_pass"]
    kept = spec["pass_to_pass"]
    fail_to_pass = rate(outcomes, required)
    pass_to_pass = rate(outcomes, kept)
    failing = sorted(name for name in list(required) + list(kept) if outcomes.get(name) != PASSED)
    resolved = complete and bool(required) and not failing
    value = fail_to_pass * pass_to_pass if mode == "graded" else float(resolved)
    return {
        "value": value if complete else 0.0,
        "resolved": resolved,
        "fail_to_pass_rate": fail_to_pass,
        "pass_to_pass_rate": pass_to_pass,
        "failing": failing,
    }


def rate(outcomes: Mapping[str, str], required: Mapping[str, Any]) -> float:
    """Share of ``required`` that passed, between 0 and 1; 1 when nothing is required."""
    if not required:
        return 1.0
    return sum(1 for name in required if outcomes.get(name) == PASSED) / float(len(required))


def speed(seconds: Optional[float], spec: Mapping[str, Any]) -> Optional[float]:
    """``h(x)`` of ``x`` = ``seconds`` / median of the gold runs' seconds; 1 / (1 + x), so 0.5 at par."""
    baseline = median(list(spec.get("speed", {}).get("baseline_seconds", ())))
    if seconds is None or not baseline:
        return None
    return 1.0 / (1.0 + max(seconds, 0.0) / baseline)


def differences(outcomes: Mapping[str, str], spec: Mapping[str, Any]) -> Dict[str, List[str]]:
    """Tests of this run that the gold run does not know, and those of the gold run that vanished."""
    expected = spec.get("expected", {})
    unknown = sorted(name for name in outcomes if name not in expected and name not in spec.get("flaky", {}))
    return {"new": unknown, "vanished": sorted(name for name in expected if name not in outcomes)}


def median(values: List[float]) -> Optional[float]:
    """The middle value, the mean of the two middle ones, or ``None``."""
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
