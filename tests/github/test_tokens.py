"""Where GitHub is, which tokens are shown to it, and that nobody else sees them."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from envfactory.errors import UsageError
from envfactory.github.addresses import Addresses, confidential
from envfactory.github.tokens import git_environment, read_tokens

PUBLIC = Addresses()
PATH = {"PATH": "/nonexistent"}


def values(environ: dict[str, str], addresses: Addresses = PUBLIC) -> list[str]:
    return [token.get_secret_value() for token in read_tokens(addresses, PATH | environ)]


def test_addresses_follow_the_api() -> None:
    assert Addresses.from_environment({}) == PUBLIC
    enterprise = Addresses.from_environment({"GITHUB_API_URL": "https://git.example.org/api/v3/"})
    assert enterprise.graphql == "https://git.example.org/api/graphql"
    assert enterprise.server == "https://git.example.org"
    assert enterprise.clone("a/b") == "https://git.example.org/a/b.git"
    assert "/" not in enterprise.host


@pytest.mark.parametrize("url", ["github", "ftp://x", "https://u:secret@example.org"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Addresses.from_environment({"GITHUB_API_URL": url})
    assert "secret" not in str(caught.value)


def test_tokens_of_all_variables_each_once() -> None:
    environ = {"GITHUB_TOKENS": "one, two\nthree", "GITHUB_TOKEN": "two", "GH_TOKEN": "four"}
    assert values(environ) == ["one", "two", "three", "four"]
    assert values({"GITHUB_TOKEN": ""}) == []


def test_a_token_shows_itself_to_nobody() -> None:
    (token,) = read_tokens(PUBLIC, PATH | {"GITHUB_TOKEN": "ghp_secret"})
    assert "secret" not in f"{token} {token!r} {[token]}"


def test_what_cannot_be_a_token_is_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        values({"GITHUB_TOKEN": "ghp_secret\x00"})
    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_no_token_travels_unencrypted() -> None:
    plain = Addresses.from_environment({"GITHUB_API_URL": "http://git.example.org/api/v3"})
    with pytest.raises(UsageError, match="unencrypted"):
        values({"GITHUB_TOKEN": "t"}, plain)
    assert values({}, plain) == []
    assert confidential("http://127.0.0.1:8080")


def test_the_command_line_client_is_asked_last(tmp_path: Path) -> None:
    client = tmp_path / "gh"
    client.write_text('#!/bin/sh\n[ "$*" = "auth token --hostname github.com" ] && echo of-the-client\n')
    client.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert [token.get_secret_value() for token in read_tokens(PUBLIC, environ)] == ["of-the-client"]
    assert [t.get_secret_value() for t in read_tokens(PUBLIC, environ | {"GH_TOKEN": "set"})] == ["set"]


def test_git_gets_it_for_one_server_beside_what_is_configured() -> None:
    (token,) = read_tokens(PUBLIC, PATH | {"GITHUB_TOKEN": "t"})
    found = git_environment(PUBLIC, token, {"GIT_CONFIG_COUNT": "2"})
    assert found["GIT_CONFIG_COUNT"] == "3"
    assert found["GIT_CONFIG_KEY_2"] == "http.https://github.com/.extraHeader"
    encoded = found["GIT_CONFIG_VALUE_2"].rpartition(" ")[2]
    assert base64.b64decode(encoded) == b"x-access-token:t"
    local = Addresses.from_environment({"GITHUB_SERVER_URL": "file:///srv"})
    assert git_environment(local, token, {}) == {}
    assert git_environment(PUBLIC, None, {}) == {}
