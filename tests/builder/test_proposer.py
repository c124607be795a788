"""What a model is told, what of its answers is believed, and a whole climb with a scripted endpoint."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.builder.built import Built
from envfactory.builder.proposer import ModelProposer, Question, parse, render, settled
from envfactory.errors import ModelError
from envfactory.languages import python
from envfactory.languages.declaration import Change, Declaration, Requirement, Symptoms
from envfactory.languages.python_rules.amend import amend
from envfactory.model import Budget, Endpoint, Model, Prices
from envfactory.records import Evidence, Outcome, Rejection, RungAttempt, TestReport, TestResult
from tests.builder.test_ladder import FAILS, WORKS, World, with_oracle
from tests.model.endpoint import Script, endpoint, proposed, said

DECLARATION = Declaration(
    language="python",
    name="thing",
    interpreters=("3.8", "3.7"),
    requirements=(
        Requirement(text="pytest<7", group="test", evidence=Evidence(choice="requirement", value="pytest<7")),
    ),
    test_args=("--no-cov",),
)


def question(log: str = "boom", report: TestReport | None = None) -> Question:
    symptoms = Symptoms("tests", log, report, datetime(2020, 1, 1, tzinfo=UTC), index=None)  # type: ignore[arg-type]
    tried = RungAttempt(rung="rules", outcome="tests_failed", detail="none_pass", seconds=3.25)
    return Question(DECLARATION, symptoms, (tried,), python)


def proposer(script: Script, cache: Path, *, cap: float = 1.0) -> ModelProposer:
    return ModelProposer(
        Model(Endpoint(script.url, "oracle", first_wait=0.01), Prices(1.0, 10.0), Budget(cap), cache)
    )


# -- what is asked -------------------------------------------------------------------------------


def test_equal_troubles_are_one_question() -> None:
    first = (
        "Resolved 3 packages in 34ms\nat 0x7f12ab /tmp/pip-req-build-x1y2/setup.py 2026-01-02 10:11:12,5\n"
    )
    again = (
        "Resolved 3 packages in 1.2s\nat 0x55aaab /tmp/pip-req-build-q9w8/setup.py 2027-11-12 23:01:59,1\n"
    )
    assert render(question(first)) == render(question(again))
    assert "setup" not in settled("/tmp/pip-req-build-x1y2/setup.py:12")
    assert settled("numpy 1.21.6 needs gcc-10, line 12") == "numpy 1.21.6 needs gcc-10, line 12"


@given(st.text())
def test_settling_twice_is_settling_once(text: str) -> None:
    assert settled(settled(text)) == settled(text)


def test_the_question_holds_recipe_tests_and_tries() -> None:
    results = {
        "a.py::one": TestResult(outcome=Outcome.ERROR, message="ImportError: lxml"),
        "a.py::two": TestResult(outcome=Outcome.PASSED),
    }
    report = TestReport(image_id="x", state="after", results=results, collection_errors={"b.py": "no x"})
    data = json.loads(render(question("the end", report)))
    assert data["recipe"]["requirements"] == ["pytest<7"] and data["as_of"] == "2020-01-01"
    assert data["tests"]["messages"] == [{"text": "ImportError: lxml", "tests": 1}]
    assert data["tests"]["uncollected"] == {"b.py": "no x"}
    assert data["tried"] == [{"change": "as the rules say", "detail": "none_pass", "outcome": "tests_failed"}]
    assert len(render(question("x" * 10**6))) < 20_000


# -- what is believed ----------------------------------------------------------------------------

GOOD = '{"change": "add_requirement", "value": "lxml<5", "why": "No module named lxml"}'


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f"\n```\n{GOOD}\n```\n"])
def test_one_change_is_read(text: str) -> None:
    assert parse(text) == Change(change="add_requirement", value="lxml<5", why="No module named lxml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would add lxml.",
        f"[{GOOD}]",
        f"{GOOD}\n{GOOD}",
        GOOD.replace("add_requirement", "run_shell"),
        GOOD.replace("lxml<5", ""),
        GOOD.replace("lxml<5", "x" * 201),
        GOOD.replace('"why"', '"also": "rm", "why"'),
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert parse(text) is None


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert parse(text) is None or parse(text)


def changed(change: Any, value: str) -> Declaration | None:
    return amend(
        DECLARATION, Change(change=change, value=value), lambda kind, name: name if name != "nope" else ""
    )


def test_sound_changes() -> None:
    pinned = changed("pin_requirement", "PyTest >=6, <6.3")
    assert pinned and [item.text for item in pinned.requirements] == ["PyTest<6.3,>=6"]
    added = changed("add_requirement", "lxml[html5]<5")
    assert added and [item.text for item in added.requirements] == ["pytest<7", "lxml[html5]<5"]
    package = changed("add_system_package", "libxml2-dev")
    assert package and package.system_packages == ("libxml2-dev",)
    variable = changed("set_env", "DJANGO_SETTINGS_MODULE=tests.settings")
    assert variable and variable.env == {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    argument = changed("add_test_arg", "--ds=tests.settings")
    assert argument and argument.test_args == ("--no-cov", "--ds=tests.settings")
    option = changed("add_test_arg", "-o asyncio_mode=auto")
    assert option and option.test_args[1:] == ("-o", "asyncio_mode=auto")
    older = changed("choose_interpreter", "3.7")
    assert older and older.interpreters == ("3.7", "3.8")


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("add_requirement", "lxml @ https://example.org/lxml.whl"),
        ("add_requirement", "git+https://example.org/x"),
        ("add_requirement", "-r other.txt"),
        ("add_requirement", "./local"),
        ("add_requirement", "thing"),
        ("add_requirement", "pytest<7"),
        ("add_system_package", "nope"),
        ("add_system_package", "a b"),
        ("add_system_package", "-y"),
        ("add_system_package", "x;reboot"),
        ("set_env", "PATH=/tmp"),
        ("set_env", "LD_PRELOAD=x.so"),
        ("set_env", "PYTEST_ADDOPTS=-k easy"),
        ("set_env", "PYTHONSTARTUP=x"),
        ("set_env", "PYTHONHASHSEED=1"),
        ("set_env", "A=b\nRUN x"),
        ("set_env", "no value"),
        ("add_test_arg", "-k easy"),
        ("add_test_arg", "-x"),
        ("add_test_arg", "--deselect=tests/a.py"),
        ("add_test_arg", "--ignor=tests/a.py"),
        ("add_test_arg", "--maxfail=1"),
        ("add_test_arg", "tests/easy.py"),
        ("add_test_arg", "-p no:pytest_collector"),
        ("add_test_arg", "-o python_functions=easy"),
        ("add_test_arg", "-o addopts=-x"),
        ("add_test_arg", "'"),
        ("choose_interpreter", "3.12"),
        ("choose_interpreter", "3.8"),
    ],
)
def test_unsound_changes(change: str, value: str) -> None:
    assert changed(change, value) is None


# -- a whole climb -------------------------------------------------------------------------------


def climbed(
    script: Script, cache: Path, monkeypatch: pytest.MonkeyPatch, *outcomes: Any, cap: float = 1.0
) -> tuple[Built | Rejection, World]:
    world = with_oracle(World(list(outcomes)), proposer(script, cache, cap=cap))  # type: ignore[arg-type]
    return world.climb(monkeypatch), world


def test_the_right_proposal_makes_an_environment_and_costs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint(proposed("add_system_package", "libxml2-dev")) as script:
        built, world = climbed(script, tmp_path, monkeypatch, FAILS, FAILS, WORKS)
        again, _ = climbed(script, tmp_path, monkeypatch, FAILS, FAILS, WORKS)
    assert isinstance(built, Built) and isinstance(again, Built)
    made = built.environment.made_by
    assert made is not None and (made.rung, made.kind) == ("model", "system package")
    assert made.cost_usd == pytest.approx(0.0015)
    assert world.asked[-1][0].evidence[-1].rule == "proposed by oracle"
    assert len(script.asked) == 1
    assert again.environment.digest == built.environment.digest
    assert again.environment.attempts[-1].cost_usd == 0


def test_useless_and_malformed_answers_are_counted_and_lead_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = (
        proposed("add_system_package", "libxml2-dev"),
        said("Have you tried turning it off and on again?"),
        proposed("set_env", "LD_PRELOAD=evil.so"),
    )
    with endpoint(*answers) as script:
        rejection, _ = climbed(script, tmp_path, monkeypatch, FAILS)
    assert isinstance(rejection, Rejection)
    assert [
        (item.outcome, item.detail.partition(":")[0]) for item in rejection.attempts if item.rung == "model"
    ] == [
        ("tests_failed", "mostly_errors"),
        ("refused", "malformed"),
        ("refused", "unsound"),
    ]
    assert rejection.reason == "mostly_errors"
    told = json.loads(script.asked[2]["messages"][1]["content"])["tried"]
    assert told[-1]["detail"] == "malformed"


def test_the_same_proposal_twice_is_not_tried_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint(proposed("add_system_package", "libxml2-dev")) as script:
        rejection, world = climbed(script, tmp_path, monkeypatch, FAILS)
    assert isinstance(rejection, Rejection)
    assert len(world.asked) == 3
    assert [item.detail for item in rejection.attempts][-1] == "unsound", "it would change nothing"


def test_a_dear_question_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint(proposed("add_system_package", "libxml2-dev")) as script:
        rejection, _ = climbed(script, tmp_path, monkeypatch, FAILS, cap=0.01)
    assert isinstance(rejection, Rejection)
    assert (rejection.attempts[-1].outcome, rejection.attempts[-1].detail) == ("refused", "cost_cap")
    assert not script.asked


def test_an_endpoint_that_is_down_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint(500) as script, pytest.raises(ModelError) as caught:
        climbed(script, tmp_path, monkeypatch, FAILS)
    assert caught.value.retryable
