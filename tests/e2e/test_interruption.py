"""kill -9 in the middle, then the same command: the same dataset as without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.factory import Factory

pytestmark = pytest.mark.docker

SELECTION = ("--pr", "9", "--pr", "12", "--pr", "13")
REPO = "interrupted/wordkit"
"""A name of its own, so that the images of other tests are none of these."""


@pytest.fixture(scope="module")
def undisturbed(sample_repo: Path, tmp_path_factory: pytest.TempPathFactory, killed_in_build: Factory) -> str:
    """Digest of a run that nothing interrupts; after the other one, which must have images to build."""
    factory = Factory(sample_repo, tmp_path_factory.mktemp("undisturbed") / "envfactory-work", REPO)
    factory.run(*SELECTION)
    return factory.digest()


@pytest.fixture(scope="module")
def killed_in_build(sample_repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Factory:
    factory = Factory(sample_repo, tmp_path_factory.mktemp("build") / "envfactory-work", REPO)
    factory.run_and_kill("build", *SELECTION)
    return factory


def test_killed_during_build(killed_in_build: Factory, undisturbed: str) -> None:
    killed_in_build.run(*SELECTION)
    assert killed_in_build.digest() == undisturbed
    assert killed_in_build.containers() == []


def test_killed_during_extract(sample_repo: Path, tmp_path: Path, undisturbed: str) -> None:
    factory = Factory(sample_repo, tmp_path / "envfactory-work", REPO)
    factory.run_and_kill("extract", *SELECTION)
    factory.run(*SELECTION)
    assert factory.digest() == undisturbed
    assert factory.containers() == []
    finished = [(stage, key) for stage, key, status in factory.attempts() if status != "started"]
    assert len(finished) == len(set(finished)), "something that was finished was done again"


def test_killed_twice_in_a_row(sample_repo: Path, tmp_path: Path, undisturbed: str) -> None:
    factory = Factory(sample_repo, tmp_path / "envfactory-work", REPO)
    for _ in range(2):
        factory.run_and_kill("extract", *SELECTION)
    factory.run(*SELECTION)
    assert factory.digest() == undisturbed
