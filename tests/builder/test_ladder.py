"""The order of the ladder's tries, its bounds, and what it says when it gives up."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from envfactory.builder import ladder
from envfactory.builder.attempt import Broke, Reached
from envfactory.builder.built import Built
from envfactory.builder.ladder import climb
from envfactory.builder.probe import Work
from envfactory.builder.proposer import Proposal, Question
from envfactory.builder.site import Site
from envfactory.builder.source import quarter
from envfactory.builder.verdict import Verdict
from envfactory.errors import BuildError
from envfactory.languages.declaration import Change, Declaration, Repair
from envfactory.languages.python import amend
from envfactory.records import BuiltImage, Evidence, Rejection, TestReport
from tests.builder.specs import spec

WHEN = datetime(2021, 5, 20, 12, tzinfo=UTC)
QUARTER = datetime(2021, 4, 1, tzinfo=UTC)
DECLARATION = Declaration(language="python", interpreters=("3.8",))


def reached(verdict: Verdict, tag: str = "envfactory/x:1") -> Reached:
    image = BuiltImage(tag=tag, spec_digest="0" * 64, image_id="sha256:1")
    return Reached(spec(), image, TestReport(image_id="x", state="after"), verdict, ("tests/test_a.py",))


def filled(kind: Any, **given: Any) -> Any:
    """A dataclass of which a test needs only some fields."""
    return kind(**{field.name: given.get(field.name) for field in fields(kind)})


class World:
    """What each try does, and what repairs there are; remembers what was asked of it."""

    def __init__(
        self, outcomes: list[Reached | Broke], repairs: list[str] | None = None, rungs: int = 8
    ) -> None:
        self.outcomes, self.repairs = outcomes, list(repairs or [])
        self.asked: list[tuple[Declaration, datetime]] = []
        self.removed: list[str] = []
        self.settings = SimpleNamespace(build_rungs=rungs, build_timeout=100.0, model_tries=3)
        self.known: set[str] = set()
        """Keys that the recipes know."""
        self.language = SimpleNamespace(repair=self.repair, amend=amend)
        engine = SimpleNamespace(remove_image=self.removed.append)
        site = {"engine": engine, "settings": self.settings, "recipes": self, "proposer": None}
        candidate = SimpleNamespace(pull_request=SimpleNamespace(key="owner/name#1"))
        self.work: Any = filled(Work, language=self.language, site=filled(Site, **site), candidate=candidate)

    def get(self, key: str) -> Any:
        return key if key in self.known else None

    def attempt(
        self, work: Any, declaration: Declaration, cutoff: datetime, exact: datetime
    ) -> Reached | Broke:
        self.asked.append((declaration, cutoff))
        work.site.recipes.get(declaration.key)
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
    world.language.repair = lambda declaration, symptoms: Repair(
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


def test_slow_tests_are_not_bettered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    report = TestReport(image_id="x", state="after", seconds=150.0)
    first = replace(POOR, probe=report)
    better = replace(POOR, probe=report, verdict=Verdict("", passed=5, poor=True))
    world = World([first, better, POOR, WORKS], ["one", "two", "three"])
    built = world.climb(monkeypatch)
    assert isinstance(built, Built) and len(world.asked) == 3
    assert [item.passed for item in built.environment.attempts] == [4, 5, 4]


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


# -- evidence ------------------------------------------------------------------------------------


def test_every_try_tells_who_proposed_it_and_what_sort_of_change_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World([FAILS, POOR, WORKS], ["libx-dev", "liby-dev"])
    built = world.climb(monkeypatch)
    assert isinstance(built, Built)
    tries = [(item.rung, item.kind, item.outcome, item.passed) for item in built.environment.attempts]
    assert tries == [
        ("rules", "", "tests_failed", 0),
        ("repairs", "system package", "works", 4),
        ("repairs", "system package", "works", 9),
    ]
    assert built.environment.made_by == built.environment.attempts[2]


def test_what_was_reused_is_told_and_changes_no_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, world = World([WORKS]), World([reached(Verdict("", passed=9))])
    image = WORKS.image.model_copy(update={"cached": True})
    world.outcomes = [replace(WORKS, image=image)]
    world.known = {DECLARATION.key}
    new, again = fresh.climb(monkeypatch), world.climb(monkeypatch)
    assert isinstance(new, Built) and isinstance(again, Built)
    assert new.environment.attempts[0].reused == ()
    assert again.environment.attempts[0].reused == ("resolution", "image")
    assert again.environment.digest == new.environment.digest


def test_a_rejection_keeps_its_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    rejection = World([UNSOLVABLE, FAILS], ["libx-dev"]).climb(monkeypatch)
    assert isinstance(rejection, Rejection)
    assert [(item.kind, item.outcome, item.detail.partition(":")[0]) for item in rejection.attempts] == [
        ("", "resolve_failed", "dependencies_unresolvable"),
        ("exact date", "tests_failed", "mostly_errors"),
        ("system package", "tests_failed", "mostly_errors"),
    ]


# -- the model -----------------------------------------------------------------------------------


class Oracle:
    """Proposes what it was told to; remembers the questions."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.questions = list(answers), list[Question]()

    def propose(self, question: Question) -> Proposal:
        self.questions.append(question)
        answer = self.answers.pop(0)
        if answer in ("malformed", "cost_cap"):
            return Proposal(None, words="?", refused=answer, cost_usd=0.25)
        amended = amend(question.declaration, Change(change="add_system_package", value=answer))
        assert amended is not None
        amended = amended.model_copy(update={"repairs": (*amended.repairs, f"model: {answer}")})
        repair = Repair(
            declaration=amended, change=answer, evidence=Evidence(choice="system package", value=answer)
        )
        return Proposal(repair, "system package", answer, cost_usd=0.25)


def with_oracle(world: World, oracle: Oracle) -> World:
    world.work = replace(world.work, site=replace(world.work.site, proposer=oracle))
    return world


def test_the_model_is_asked_last_and_what_it_says_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = Oracle("malformed", "libz-dev")
    world = with_oracle(World([FAILS, FAILS, FAILS, WORKS], ["libx-dev"]), oracle)
    built = world.climb(monkeypatch)
    assert isinstance(built, Built)
    tries = [(item.rung, item.outcome, item.cost_usd) for item in built.environment.attempts]
    assert tries == [
        ("rules", "tests_failed", 0.0),
        ("repairs", "tests_failed", 0.0),
        ("repairs", "tests_failed", 0.0),
        ("model", "refused", 0.25),
        ("model", "works", 0.25),
    ]
    assert world.asked[-1][0].rung == "model"
    assert len(oracle.questions[1].tried) == 4, "a refused answer is part of the next question"


def test_a_proposal_that_makes_things_worse_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = Oracle("liba-dev", "libb-dev", "libc-dev")
    world = with_oracle(World([FAILS, FAILS, UNSOLVABLE, FAILS]), oracle)
    rejection = world.climb(monkeypatch)
    assert isinstance(rejection, Rejection)
    packages = [declaration.system_packages for declaration, _ in world.asked]
    assert packages == [(), (), ("liba-dev",), ("libb-dev",), ("libb-dev", "libc-dev")]
    assert sum(item.rung == "model" for item in rejection.attempts) == 3


def test_the_model_has_tries_of_its_own_and_a_cap_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = with_oracle(World([FAILS], ["libx-dev"] * 9, rungs=1), Oracle("liba-dev", "cost_cap"))
    rejection = world.climb(monkeypatch)
    assert isinstance(rejection, Rejection)
    assert [item.detail.partition(":")[0] for item in rejection.attempts] == [
        "mostly_errors",
        "mostly_errors",
        "cost_cap",
    ]


@pytest.mark.parametrize("outcome", [POOR, reached(Verdict("needs_network"))])
def test_the_model_is_not_asked_where_it_cannot_help(
    outcome: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle = Oracle()
    with_oracle(World([outcome]), oracle).climb(monkeypatch)
    assert not oracle.questions
