"""The order of the ladder's tries, its bounds, and what it says when it gives up."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from envfactory.builder import ladder
from envfactory.builder.attempt import Broke, Reached
from envfactory.builder.ladder import Built, climb, quarter
from envfactory.builder.verdict import Verdict
from envfactory.errors import BuildError
from envfactory.languages.declaration import Declaration, Repair
from envfactory.records import BuiltImage, Evidence, Rejection, TestReport
from tests.builder.specs import spec

WHEN = datetime(2021, 5, 20, 12, tzinfo=UTC)
QUARTER = datetime(2021, 4, 1, tzinfo=UTC)
DECLARATION = Declaration(language="python", interpreters=("3.8",))


def reached(verdict: Verdict, tag: str = "envfactory/x:1") -> Reached:
    image = BuiltImage(tag=tag, spec_digest="0" * 64, image_id="sha256:1")
    return Reached(spec(), image, TestReport(image_id="x", state="after"), verdict, ("tests/test_a.py",))


class World:
    """What each try does, and what repairs there are; remembers what was asked of it."""

    def __init__(
        self, outcomes: list[Reached | Broke], repairs: list[str] | None = None, rungs: int = 8
    ) -> None:
        self.outcomes, self.repairs = outcomes, list(repairs or [])
        self.asked: list[tuple[Declaration, datetime]] = []
        self.removed: list[str] = []
        language = SimpleNamespace(repair=self.repair)
        engine = SimpleNamespace(remove_image=self.removed.append)
        settings = SimpleNamespace(build_rungs=rungs, build_timeout=100.0)
        pull = SimpleNamespace(key="owner/name#1")
        self.work: Any = SimpleNamespace(
            language=language,
            site=SimpleNamespace(engine=engine, settings=settings, index=None),
            candidate=SimpleNamespace(pull_request=pull),
        )

    def attempt(self, work: Any, declaration: Declaration, cutoff: datetime) -> Reached | Broke:
        self.asked.append((declaration, cutoff))
        return self.outcomes[min(len(self.asked), len(self.outcomes)) - 1]

    def repair(self, declaration: Declaration, symptoms: Any) -> Repair | None:
        if not self.repairs:
            return None
        package = self.repairs.pop(0)
        return Repair(
            declaration=declaration.model_copy(
                update={
                    "system_packages": (*declaration.system_packages, package),
                    "repairs": (*declaration.repairs, package),
                }
            ),
            change=f"add {package}",
            evidence=Evidence(choice="system package", value=package),
        )

    def climb(self, monkeypatch: pytest.MonkeyPatch) -> Built | Rejection:
        monkeypatch.setattr(ladder, "attempt", self.attempt)
        return climb(self.work, DECLARATION, WHEN)


WORKS, POOR = reached(Verdict("", passed=9)), reached(Verdict("", passed=4, poor=True))
FAILS = reached(Verdict("mostly_errors", "9 error"))
UNSOLVABLE = Broke("resolve", "dependencies_unresolvable", "no version of x")


def test_rules_at_the_quarter_are_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([WORKS])
    built = world.climb(monkeypatch)
    assert isinstance(built, Built)
    assert world.asked == [(DECLARATION, QUARTER)]
    assert [(item.rung, item.outcome) for item in built.environment.attempts] == [("rules", "works")]
    assert built.test_modules == ("tests/test_a.py",)


def test_an_unsolvable_resolve_is_repeated_at_the_exact_date_before_repairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World([UNSOLVABLE, UNSOLVABLE, WORKS], ["libx-dev"])
    assert isinstance(world.climb(monkeypatch), Built)
    assert [cutoff for _, cutoff in world.asked] == [QUARTER, WHEN, WHEN]
    assert world.asked[2][0].system_packages == ("libx-dev",)
    assert Evidence(choice="system package", value="libx-dev") in world.asked[2][0].evidence


def test_failing_tests_are_repaired_before_the_date_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([FAILS, FAILS, WORKS], ["libx-dev"])
    built = world.climb(monkeypatch)
    assert isinstance(built, Built)
    assert [cutoff for _, cutoff in world.asked] == [QUARTER, QUARTER, WHEN]
    assert [item.change for item in built.environment.attempts][1] == "add libx-dev"
    assert world.removed == ["envfactory/x:1"] * 2


def test_tries_are_bounded_and_the_rejection_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([FAILS], [f"lib{number}" for number in range(20)], rungs=5)
    rejection = world.climb(monkeypatch)
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.reason, len(world.asked)) == ("build", "mostly_errors", 5)
    assert "add lib0" in rejection.detail


def test_nothing_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([FAILS])
    world.work.language.repair = lambda declaration, symptoms: Repair(
        declaration=declaration, change="nothing", evidence=Evidence(choice="x", value="y")
    )
    assert isinstance(world.climb(monkeypatch), Rejection)
    assert [cutoff for _, cutoff in world.asked] == [QUARTER, WHEN]


def test_a_poor_environment_is_bettered_but_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([POOR, reached(Verdict("mostly_errors"), "envfactory/x:2")], ["libx-dev"])
    built = world.climb(monkeypatch)
    assert isinstance(built, Built)
    assert built.environment.image.tag == "envfactory/x:1"
    assert world.removed == ["envfactory/x:2"]
    assert len(world.asked) == 2
    better = World([POOR, reached(Verdict("", passed=9), "envfactory/x:2")], ["libx-dev"])
    built = better.climb(monkeypatch)
    assert isinstance(built, Built)
    assert built.environment.image.tag == "envfactory/x:2"
    assert better.removed == ["envfactory/x:1"]


def test_faults_of_the_machine_are_no_rejections(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise BuildError("gone", cause="engine_unreachable", retryable=True)

    world = World([])
    world.attempt = broken  # type: ignore[method-assign]
    with pytest.raises(BuildError):
        world.climb(monkeypatch)


@pytest.mark.parametrize(("month", "first"), [(1, 1), (3, 1), (4, 4), (12, 10)])
def test_quarters(month: int, first: int) -> None:
    assert quarter(datetime(2020, month, 28, 23, tzinfo=UTC)) == datetime(2020, first, 1, tzinfo=UTC)
