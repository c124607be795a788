"""Limits and faults: every question ends with an answer or, in bounded time, with a clear error."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.github_server import Faults, Limits, Server
from envfactory.errors import PrerequisiteError, RateLimited, RemoteError
from envfactory.github.addresses import Addresses
from envfactory.github.client import ATTEMPTS, Client
from tests.github.conftest import Serve

PATH = "/repos/octo/words"
QUERY = 'query { repository(owner: "octo", name: "words") { nameWithOwner } }'

pytestmark = pytest.mark.usefixtures("impatient")


def client_of(server: Server, cache: Path, *tokens: str, max_wait: float = 5.0) -> Client:
    addresses = Addresses.from_environment(server.environment())
    said: list[str] = []
    client = Client(addresses, [SecretStr(t) for t in tokens], cache, max_wait=max_wait, budget=said.append)
    client.said = said  # type: ignore[attr-defined]
    return client


def test_the_second_time_costs_nothing(serve: Serve, tmp_path: Path) -> None:
    server = serve(check=True)
    for _ in range(2):
        with client_of(server, tmp_path, "token") as client:
            assert client.get(PATH)["full_name"] == "octo/words"
    assert (server.calls["conditional"], server.calls["unchanged"]) == (1, 1)
    assert list(server.used.values()) == [1]
    assert server.complaints == []
    assert client.transport.calls == {"rest": 1, "conditional": 1, "unchanged": 1}


def test_what_changed_is_got_anew(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    with client_of(server, tmp_path, "token") as client:
        client.get(PATH)
        server.world.repos["octo/words"].stars = 1000
        assert client.get(PATH)["stargazers_count"] == 1000


def test_what_is_not_there_is_none(serve: Serve, tmp_path: Path) -> None:
    with client_of(serve(), tmp_path, "token") as client:
        assert client.get("/repos/no/such") is None


def test_no_token_is_on_the_disk(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=("ghp_verysecret",))
    with client_of(server, tmp_path, "ghp_verysecret") as client:
        client.get(PATH)
        client.graphql(QUERY, {})
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"verysecret" in path.read_bytes()]


@pytest.mark.parametrize("kind", ["server_errors", "secondary_limits", "dropped", "broken_off"])
def test_faults_lose_nothing(serve: Serve, tmp_path: Path, kind: str) -> None:
    server = serve(faults=Faults(**{kind: 0.4}))
    with client_of(server, tmp_path, "token", max_wait=60) as client:
        for _ in range(20):
            assert client.get(PATH)["full_name"] == "octo/words"
            assert client.graphql(QUERY, {})["repository"] == {"nameWithOwner": "octo/words"}
    assert server.calls["faults"] > 5


def test_a_server_that_always_fails_is_given_up(serve: Serve, tmp_path: Path) -> None:
    server = serve(faults=Faults(always=500))
    with client_of(server, tmp_path, "token") as client, pytest.raises(RemoteError) as caught:
        client.get(PATH)
    assert server.calls["rest"] == ATTEMPTS
    assert "HTTP 500" in str(caught.value)
    assert "same command continues" in caught.value.hint


def test_the_pauses_grow(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envfactory.github.client.PAUSE_SECONDS", 0.05)
    monkeypatch.setattr("envfactory.github.client.LONGEST_PAUSE_SECONDS", 5.0)
    server = serve(faults=Faults(always=503))
    began = time.monotonic()
    with client_of(server, tmp_path, "token") as client, pytest.raises(RemoteError):
        client.get(PATH)
    assert time.monotonic() - began > 0.05 * (1 + 2 + 4 + 8 + 16)


def test_nobody_listens(tmp_path: Path) -> None:
    addresses = Addresses.from_environment({"GITHUB_API_URL": "http://127.0.0.1:9"})
    with Client(addresses, [], tmp_path, max_wait=1) as client, pytest.raises(RemoteError, match="6 tries"):
        client.get(PATH)


def test_a_spent_budget_ends_the_work(serve: Serve, tmp_path: Path) -> None:
    server = serve(limits=Limits(core=2))
    with client_of(server, tmp_path, "token") as client:
        client.get(PATH)
        client.get(f"{PATH}/pulls/1")
        with pytest.raises(RateLimited) as caught:
            client.get(f"{PATH}/pulls/3")
    assert caught.value.exit_code == 5
    assert "--max-wait" in str(caught.value)
    assert server.calls["limited"] == 0, "a budget that is known to be spent is not asked again"


def test_the_reset_is_waited_for(serve: Serve, tmp_path: Path) -> None:
    server = serve(limits=Limits(core=2, window=3.0))
    with client_of(server, tmp_path, "token", max_wait=10) as client:
        for number in (1, 3, 5):
            assert client.get(f"{PATH}/pulls/{number}")["number"] == number


def test_a_limit_without_a_moment_is_waited_for_a_minute(serve: Serve, tmp_path: Path) -> None:
    server = serve(faults=Faults(always=429))
    with (
        client_of(server, tmp_path, "token", max_wait=30) as client,
        pytest.raises(RateLimited, match="61 s"),
    ):
        client.get(PATH)
    assert server.calls["rest"] == 1


def test_tokens_take_turns_by_what_they_have_left(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=("one", "two"), limits=Limits(graphql=10))
    with client_of(server, tmp_path, "one", "two") as client:
        for _ in range(20):
            client.graphql(QUERY, {})
        assert {key[0].split()[0]: count for key, count in server.used.items()} == {"one": 10, "two": 10}
        with pytest.raises(RateLimited):
            client.graphql(QUERY, {})
        assert "graphql 0 of 20 left" in client.allowances.told()


def test_rest_stays_with_the_token_of_its_etags(serve: Serve, tmp_path: Path) -> None:
    server = serve(tokens=("one", "two"))
    for _ in range(3):
        with client_of(server, tmp_path, "one", "two") as client:
            client.get(PATH)
    assert server.calls["unchanged"] == 2


def test_a_refused_token_is_left_out(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    with client_of(server, tmp_path, "wrong", "token") as client:
        assert client.get(PATH)["full_name"] == "octo/words"
    with client_of(server, tmp_path / "other", "wrong") as client, pytest.raises(PrerequisiteError):
        client.get(PATH)


def test_the_budget_is_told(serve: Serve, tmp_path: Path) -> None:
    with client_of(serve(), tmp_path, "token") as client:
        client.get(PATH)
        assert client.said == ["core 4,999 of 5,000 left"]  # type: ignore[attr-defined]
