"""The verdict: only ``passed`` counts, everything required must pass, nothing incomplete resolves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.grader.verdict import MODES, differences, verdict
from envfactory.records import Outcome

WORDS = st.sampled_from([outcome.value for outcome in Outcome])
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


def spec(f2p: list[str], p2p: list[str], **more: Any) -> dict[str, Any]:
    return {"fail_to_pass": dict.fromkeys(f2p, "f2p"), "pass_to_pass": dict.fromkeys(p2p, "p2p"), **more}


@given(st.dictionaries(NAMES, WORDS), st.sets(NAMES, min_size=1), st.sets(NAMES), st.booleans())
def test_resolved_is_exactly_all_passed(
    outcomes: dict[str, str], f2p: set[str], p2p: set[str], complete: bool
) -> None:
    found = verdict(outcomes, spec(sorted(f2p), sorted(p2p)), complete)
    everything = all(outcomes.get(name) == "passed" for name in f2p | p2p)
    assert found["resolved"] is (complete and everything)
    assert found["value"] == float(found["resolved"])
    assert 0 <= found["fail_to_pass_rate"] <= 1 and 0 <= found["pass_to_pass_rate"] <= 1
    graded = verdict(outcomes, spec(sorted(f2p), sorted(p2p)), complete, mode="graded")
    expected = found["fail_to_pass_rate"] * found["pass_to_pass_rate"] if complete else 0.0
    assert graded["value"] == expected and graded["resolved"] is found["resolved"]


@given(st.dictionaries(NAMES, WORDS), NAMES)
def test_a_test_made_to_pass_never_lowers_the_value(outcomes: dict[str, str], name: str) -> None:
    rules = spec(["a", "b"], ["c", "d"])
    better = {**outcomes, name: "passed"}
    for mode in MODES:
        assert verdict(better, rules, mode=mode)["value"] >= verdict(outcomes, rules, mode=mode)["value"]


def test_edges() -> None:
    assert not verdict({}, spec([], []))["resolved"]
    assert verdict({"a": "passed"}, spec(["a"], []))["pass_to_pass_rate"] == 1.0
    assert verdict({"a": "xpassed"}, spec(["a"], []))["failing"] == ["a"]
    with pytest.raises(ValueError, match="binary, graded, partial"):
        verdict({}, spec([], []), mode="other")


def test_differences() -> None:
    rules = spec(["a"], [], expected={"a": "passed", "b": "passed"}, flaky={"f": ["passed", "failed"]})
    assert differences({"a": "passed", "c": "passed", "f": "failed"}, rules) == {
        "new": ["c"],
        "vanished": ["b"],
    }
