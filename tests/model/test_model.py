"""Questions to an endpoint: retried, counted, capped, asked once, and the key is seen by nobody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from envfactory.errors import ModelError, PrerequisiteError
from envfactory.model import Budget, Endpoint, Model, Prices
from tests.model.endpoint import Script, endpoint, said

SECRET = "sk-not-to-be-seen"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVFACTORY_MODEL_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def model(script: Script, cache: Path, *, cap: float = 1.0, prices: Prices | None = None) -> Model:
    return Model(
        Endpoint(script.url, "oracle-1", first_wait=0.01), prices or Prices(2.0, 10.0), Budget(cap), cache
    )


def test_an_answer_is_paid_once_and_kept(tmp_path: Path) -> None:
    with endpoint(said("one"), said("two")) as script:
        first = model(script, tmp_path).ask("system", "user")
        again = model(script, tmp_path).ask("system", "user")
        other = model(script, tmp_path).ask("system", "user 2")
    assert (first.text, first.cost_usd, first.known) == ("one", pytest.approx(0.0025), False)
    assert (again.text, again.cost_usd, again.known) == ("one", 0.0, True)
    assert other.text == "two"
    assert script.asked[0]["model"] == "oracle-1"
    assert [message["content"] for message in script.asked[0]["messages"]] == ["system", "user"]


def test_the_key_goes_into_the_header_and_nowhere_else(tmp_path: Path) -> None:
    with endpoint(said("fine"), 500) as script:
        asked = model(script, tmp_path)
        asked.ask("system", "user")
        with pytest.raises(ModelError) as caught:
            asked.ask("system", "more")
    assert script.keys[0] == f"Bearer {SECRET}"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert SECRET not in f"{caught.value}{caught.value.log}{caught.value.hint}"


def test_an_endpoint_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVFACTORY_MODEL_API_KEY")
    monkeypatch.delenv("OPENAI_API_KEY")
    with endpoint(said("fine")) as script:
        assert model(script, tmp_path).ask("s", "u").text == "fine"
    assert script.keys == [None]


def test_trouble_that_passes_is_waited_for(tmp_path: Path) -> None:
    with endpoint(500, 429, said("at last")) as script:
        assert model(script, tmp_path).ask("s", "u").text == "at last"


def test_trouble_that_stays_is_a_fault_and_is_not_kept(tmp_path: Path) -> None:
    with endpoint(503) as script:
        with pytest.raises(ModelError) as caught:
            model(script, tmp_path).ask("s", "u")
        assert (caught.value.cause, caught.value.retryable) == ("model_unreachable", True)
        assert 2 <= len(script.asked) <= 6
        script.answers = [said("back")]
        assert model(script, tmp_path).ask("s", "u").text == "back"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_address_ends_the_run(status: int, tmp_path: Path) -> None:
    with endpoint(status) as script, pytest.raises(PrerequisiteError, match=str(status)) as caught:
        model(script, tmp_path).ask("s", "u")
    assert "ENVFACTORY_MODEL_API_KEY" in caught.value.hint
    assert len(script.asked) == 1


@pytest.mark.parametrize("answer", [(400, "too long"), (200, "<html>"), (200, "{}"), (200, "[1]"), (302, "")])
def test_what_cannot_be_read_is_refused(answer: tuple[int, str], tmp_path: Path) -> None:
    with endpoint(answer) as script, pytest.raises(ModelError) as caught:
        model(script, tmp_path).ask("s", "u")
    assert (caught.value.cause, caught.value.retryable) == ("model_refused", False)


def test_the_newer_name_of_the_output_bound(tmp_path: Path) -> None:
    with endpoint((400, "use max_completion_tokens instead"), said("fine")) as script:
        assert model(script, tmp_path).ask("s", "u").text == "fine"
    assert "max_tokens" not in script.asked[1] and script.asked[1]["max_completion_tokens"] > 0


def test_the_cap_holds_before_the_call_and_after(tmp_path: Path) -> None:
    dear = Prices(0.0, 100.0)  # at most 0.40 USD a question
    with endpoint(said("x", tokens=(1, 8000)), said("y")) as script:
        asked = model(script, tmp_path, cap=0.5, prices=dear)
        assert asked.ask("s", "1").cost_usd == pytest.approx(0.8), "the endpoint overran the estimate"
        with pytest.raises(ModelError) as caught:
            asked.ask("s", "2")
        assert caught.value.cause == "model_cost_cap"
        assert asked.ask("s", "1").known, "what is known costs nothing"
        with pytest.raises(ModelError):
            model(script, tmp_path, cap=0.3, prices=dear).ask("s", "3")
    assert len(script.asked) == 1


def test_an_endpoint_that_counts_no_tokens_is_paid_by_estimate(tmp_path: Path) -> None:
    with endpoint(said("x" * 300, tokens=None)) as script:
        reply = model(script, tmp_path, prices=Prices(0.0, 100.0)).ask("s", "u")
    assert reply.cost_usd == pytest.approx(101 * 100 / 1e6)


def test_threads_share_one_purse() -> None:
    budget, refused = Budget(1.0), []
    barrier = threading.Barrier(8)

    def spend() -> None:
        barrier.wait()
        try:
            with budget.spending(0.3) as book:
                book(0.3)
        except ModelError as error:
            refused.append(error.cause)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.spent == pytest.approx(0.9)
    assert refused == ["model_cost_cap"] * 5
