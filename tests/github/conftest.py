"""GitHub on loopback, checked against GitHub's own descriptions of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from filelock import FileLock

from benchmarks.github_sample import populate
from benchmarks.github_schema import Descriptions, NotHere
from benchmarks.github_server import Server
from benchmarks.github_things import Repo
from benchmarks.github_world import World
from envfactory.github import client

REPO = "octo/words"
Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def descriptions() -> Descriptions:
    """GitHub's OpenAPI document and GraphQL schema; fetched once per machine."""
    folder = Path(platformdirs.user_cache_dir("envfactory")) / "published-descriptions"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock"):
            return Descriptions(folder)
    except NotHere as why:
        pytest.skip(f"GitHub's published descriptions cannot be fetched: {why}")


@pytest.fixture
def sample(tmp_path: Path) -> Repo:
    """230 pull requests, and their code under ``tmp_path/code``."""
    (tmp_path / "code" / "octo").mkdir(parents=True)
    return populate(REPO, 230, tmp_path / "code" / "octo" / "words.git")


@pytest.fixture
def world(descriptions: Descriptions, sample: Repo) -> World:
    return World(descriptions, {REPO: sample})


@pytest.fixture
def serve(world: World) -> Iterator[Serve]:
    """Starts servers that end with the test."""
    with ExitStack() as running:

        def start(**options: Any) -> Server:
            return running.enter_context(Server(world, **options))

        yield start


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are short."""
    monkeypatch.setattr(client, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE_SECONDS", 0.02)
