"""What outcomes are worth: pure functions of outcomes and a reward spec (as JSON data).

    verdict(outcomes, spec)   ->  {"value", "resolved", "fail_to_pass_rate", "pass_to_pass_rate", "failing"}

``value`` knows nothing of time; see ``envfactory.grader.speed``.

A test counts only as ``passed``: skipped, expected failures, unexpected passes and tests that vanished
do not.  Standard library only, Python 3.6 syntax: this file is shipped verbatim in every bundle.
"""

# ruff: noqa: UP006, UP035
from typing import Any, Dict, List, Mapping

PASSED = "passed"
MODES = ("binary", "graded", "partial")


def verdict(
    outcomes: Mapping[str, str], spec: Mapping[str, Any], complete: bool = True, mode: str = "binary"
) -> Dict[str, Any]:
    """Judge one run.

    ``outcomes`` maps test ids to words (``passed``, ``failed``, ...); ``complete`` is false when the run
    did not reach its end, and then nothing is resolved.  ``value`` is 1 if resolved, else 0; ``mode``
    "graded" makes it the product of both rates, "partial" the share of FAIL_TO_PASS behind a gate: 0
    unless every one of PASS_TO_PASS passed.
    """
    if mode not in MODES:
        raise ValueError("mode must be one of {}, not {!r}".format(", ".join(MODES), mode))
    required = spec["fail_to_pass"]
    kept = spec["pass_to_pass"]
    fail_to_pass = rate(outcomes, required)
    pass_to_pass = rate(outcomes, kept)
    failing = sorted(name for name in list(required) + list(kept) if outcomes.get(name) != PASSED)
    resolved = complete and bool(required) and not failing
    if mode == "binary":
        value = float(resolved)
    else:
        kept_share = pass_to_pass if mode == "graded" else float(pass_to_pass == 1.0)
        value = fail_to_pass * kept_share
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


def differences(outcomes: Mapping[str, str], spec: Mapping[str, Any]) -> Dict[str, List[str]]:
    """Tests of this run that the gold run does not know, and those of the gold run that vanished."""
    expected = spec.get("expected", {})
    unknown = sorted(name for name in outcomes if name not in expected and name not in spec.get("flaky", {}))
    return {"new": unknown, "vanished": sorted(name for name in expected if name not in outcomes)}
