"""What is said about tokens and limits, asked for and unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from envfactory.commands.doctor import examine
from envfactory.errors import UsageError
from envfactory.github.quota import quota
from envfactory.settings import Settings
from tests.github.conftest import Serve


def test_nobody_is_asked_unless_wanted(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    environ = server.environment(PATH="")
    assert quota(tmp_path, ask=False, environ=environ) == "no token: 60 calls an hour"
    assert quota(tmp_path, ask=False, environ={**environ, "GITHUB_TOKENS": "a,b"}) == "2 tokens"
    assert server.calls["rest"] == 0


def test_what_is_left(serve: Serve, tmp_path: Path) -> None:
    server = serve(check=True)
    server.used["token 0", "core"] = 4000
    environ = server.environment(GITHUB_TOKEN="token")
    assert quota(tmp_path, ask=True, environ=environ) == (
        "1 token; core 1,000 of 5,000 left, graphql 5,000 of 5,000 left, search 30 of 30 left"
    )
    assert server.complaints == []


def test_an_unusable_token_is_told_and_keeps_nothing_from_working(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in serve().environment(GITHUB_TOKEN="wrong", GITHUB_TOKENS="", GH_TOKEN="").items():
        monkeypatch.setenv(name, value)
    found = [one for one in examine(Settings(cache=tmp_path), ask_github=True) if one.check == "github"]
    assert [one.state for one in found] == ["warning"]
    assert "wrong" not in found[0].found and "GITHUB_TOKEN" in found[0].fix
    with pytest.raises(UsageError):
        quota(tmp_path, ask=False, environ={"GITHUB_API_URL": "nowhere"})
