"""The speed term: bounded, falling, behind correctness, and the same in words, numbers and picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks import speed_plot
from envfactory.grader import speed
from envfactory.grader.grade import reward_of
from envfactory.grader.machine import this_machine
from envfactory.grader.verdict import MODES
from envfactory.records import (
    Baseline,
    Completion,
    Machine,
    Outcome,
    Reference,
    Reward,
    RewardSpec,
    SpeedChoice,
    SpeedTerm,
    TestReport,
    TestResult,
)
from envfactory.records.speed import FORMULAS

SECONDS = st.floats(0, 1e6)
SHAPES = st.sampled_from(list(FORMULAS))
TERMS = st.builds(
    SpeedTerm,
    h=SHAPES,
    scale=st.floats(0.01, 100),
    beta=st.floats(0, 10),
    clock=st.sampled_from(["episode", "environment", "cpu"]),
    quantile=st.floats(0, 1),
    baseline_seconds=st.lists(st.floats(0.01, 1000), max_size=4).map(tuple),
    baseline_cpu_seconds=st.lists(st.floats(0.01, 1000), max_size=4).map(tuple),
)
TIMES = st.builds(
    Completion, episode=st.none() | SECONDS, environment=st.none() | SECONDS, cpu=st.none() | SECONDS
)
NAMES = ("f1", "f2", "p1", "p2")
WORDS = st.sampled_from([Outcome.PASSED, Outcome.FAILED])
OUTCOMES = st.fixed_dictionaries(dict.fromkeys(NAMES, WORDS))


def spec(term: SpeedTerm) -> RewardSpec:
    return RewardSpec(
        instance_id="o__n-1",
        fail_to_pass={"f1": "f2p", "f2": "f2p"},
        pass_to_pass={"p1": "p2p", "p2": "p2p"},
        test_command=("pytest",),
        test_modules=("t.py",),
        hidden_files=(),
        speed=term,
    )


def judged(
    outcomes: dict[str, Outcome], term: SpeedTerm, times: Completion, mode: str, **more: Any
) -> Reward:
    results = {name: TestResult(outcome=outcome) for name, outcome in outcomes.items()}
    report = TestReport(image_id="i", state="graded", results=results, complete=True, **more)
    return reward_of(report, spec(term), {"mode": mode, "completion": times})


def resolving(seconds: float) -> Reward:
    return judged(dict.fromkeys(NAMES, Outcome.PASSED), SpeedTerm(), Completion(episode=seconds), "binary")


@given(TERMS, SECONDS, SECONDS)
def test_h_is_bounded_and_never_rises(term: SpeedTerm, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 1.0 == speed.h(0.0, term) >= speed.h(low, term) >= speed.h(high, term) >= 0.0
    assert speed.h(term.scale, term) == pytest.approx(0.5) and speed.h(-one, term) == 1.0


@given(TERMS, SECONDS)
def test_the_formula_in_the_spec_is_the_one_that_is_computed(term: SpeedTerm, x: float) -> None:
    written = eval(term.formula, {"x": x, "scale": term.scale, "max": max})
    assert speed.h(x, term) == pytest.approx(written)
    assert SpeedTerm.model_validate({**term.model_dump(), "formula": "another"}) == term


@given(TERMS, TIMES, TIMES, OUTCOMES, st.sampled_from(MODES))
def test_no_unresolved_patch_beats_a_resolved_one(
    term: SpeedTerm, fast: Completion, slow: Completion, outcomes: dict[str, Outcome], mode: str
) -> None:
    good = judged(dict.fromkeys(NAMES, Outcome.PASSED), term, slow, mode)
    other = judged(outcomes, term, fast, mode)
    assert good.value is not None and other.value is not None and good.value >= 1.0
    if not other.resolved:
        assert other.value == other.performance < good.value and other.speed in (None, 0.0)
    tampered = judged(dict.fromkeys(NAMES, Outcome.PASSED), term, fast, mode, tampered=("report: forged",))
    assert tampered.value == 0.0 and not tampered.speed and tampered.tampered


@given(TERMS, TIMES, SECONDS, OUTCOMES, st.sampled_from(MODES))
def test_the_total(
    term: SpeedTerm, times: Completion, more: float, outcomes: dict[str, Outcome], mode: str
) -> None:
    found = judged(outcomes, term, times, mode)
    assert found.value is not None and found.performance is not None
    part = (found.speed or 0.0) if found.resolved else 0.0
    assert found.value == pytest.approx(found.performance + term.beta * part)
    if mode == "partial":
        kept = outcomes["p1"] == outcomes["p2"] == "passed"
        assert found.performance == (found.fail_to_pass_rate if kept else 0.0)
    later = {name: None if t is None else t + more for name, t in times}
    slower = judged(outcomes, term, Completion(**later), mode)
    assert slower.value is not None and slower.value <= found.value


@given(TERMS, st.lists(st.tuples(SECONDS, st.booleans()), min_size=1, max_size=8), st.integers(0, 7), SECONDS)
def test_a_group_is_its_own_baseline(
    term: SpeedTerm, members: list[tuple[float, bool]], who: int, more: float
) -> None:
    def group(times: list[tuple[float, bool]]) -> list[Reward]:
        return [
            resolving(seconds) if solved else resolving(seconds).model_copy(
                update={"resolved": False, "performance": 0.0, "value": 0.0}
            )
            for seconds, solved in times
        ]  # fmt: skip

    wall = term.model_copy(update={"clock": "episode"})
    found = speed.relative_to_group(group(members), wall)
    values = [reward.value for reward in found]
    for one, (seconds, solved) in zip(found, members, strict=True):
        assert (one.value or 0.0) >= 1.0 if solved else one.value == 0.0
        for rival, (rivals, too) in zip(values, members, strict=True):
            if solved and too and seconds <= rivals:
                assert one.value is not None and rival is not None and one.value >= rival
    who %= len(members)
    slowed = [(t + more, s) if number == who else (t, s) for number, (t, s) in enumerate(members)]
    again = speed.relative_to_group(group(slowed), wall)[who].speed
    before = found[who].speed
    assert before is None or again is None or again <= before + 1e-9


def test_alone_in_a_group_and_faults() -> None:
    term = SpeedTerm(beta=0.2)
    alone, broken = speed.relative_to_group(
        [resolving(7.0), resolving(1.0).model_copy(update={"value": None, "fault": "x", "resolved": False})],
        term,
    )
    assert alone.speed == 0.5 and alone.value == pytest.approx(1.1)
    assert broken.value is None and broken.fault == "x"


def test_the_clock_and_the_quantile_choose_the_times() -> None:
    times = Completion(episode=8.0, environment=4.0, cpu=1.0)
    term = SpeedTerm(baseline_seconds=(1.0, 4.0, 2.0), baseline_cpu_seconds=(1.0,))
    choose = {"clock": "environment", "quantile": 1.0}
    assert speed.speed(times, term) == pytest.approx(1 / (1 + 8 / 2))
    assert speed.speed(times, SpeedChoice(**choose).applied(term)) == 0.5
    assert speed.speed(times, SpeedChoice(clock="cpu").applied(term)) == 0.5
    assert speed.speed(None, term) is None and speed.speed(times, SpeedTerm()) is None
    assert speed.speed(Completion(), term) is None
    assert speed.quantile([4.0, 1.0], 0.5) == 2.5 and speed.quantile([], 0.5) is None


def test_a_patch_alone_is_as_fast_as_its_tests() -> None:
    report = TestReport(
        image_id="i", state="graded", complete=True, seconds=2.0, cpu_seconds=1.0,
        results={name: TestResult(outcome=Outcome.PASSED) for name in NAMES},
    )  # fmt: skip
    found = reward_of(report, spec(SpeedTerm(beta=1.0, baseline_seconds=(2.0,))), {})
    assert found.value == 1.5 and found.completion == Completion(episode=2.0, environment=2.0, cpu=1.0)


def test_another_machine() -> None:
    term = SpeedTerm(baseline_seconds=(2.0, 4.0), baseline_cpu_seconds=(1.0,))
    here = Baseline(
        measured_at="2026-01-01T00:00:00Z",  # type: ignore[arg-type]
        machine=Machine(processors=64),
        tasks={"o__n-1": Reference(seconds=(1.0,), cpu_seconds=(0.25,))},
        ratio=0.5,
        cpu_ratio=0.25,
    )
    known, scaled = speed.rebased(term, "o__n-1", here), speed.rebased(term, "o__n-2", here)
    assert (known.baseline_seconds, known.baseline_cpu_seconds) == ((1.0,), (0.25,))
    assert (scaled.baseline_seconds, scaled.baseline_cpu_seconds) == ((1.0, 2.0), (0.25,))
    assert known.digest == term.digest and known.machine.processors == 64


def test_terms_that_make_no_sense() -> None:
    for wrong in ({"scale": 0}, {"beta": -1}, {"h": "rising"}, {"quantile": 2}, {"clock": "sun"}):
        with pytest.raises(ValidationError):
            SpeedTerm.model_validate(wrong)
    with pytest.raises(ValidationError):
        Completion.of(float("nan"))


def test_this_machine(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\n\n")
    found = this_machine(tmp_path / "cpuinfo")
    assert found.processor == "Some CPU: 3 GHz" and found.processors > 0 and found.load >= 0
    assert this_machine(tmp_path / "none").processor == ""


@pytest.mark.parametrize("shape", FORMULAS)
def test_the_picture_is_of_the_function(shape: str) -> None:
    term = SpeedTerm.model_validate({"h": shape})
    assert [speed.h(x, term) for x, _ in speed_plot.points(shape)] == [y for _, y in speed_plot.points(shape)]
    path = Path(__file__).resolve().parents[2] / "docs/speed.svg"
    assert path.read_text() == speed_plot.svg(), "python -m benchmarks.speed_plot > docs/speed.svg"
