"""Runs of the whole factory that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.factory import Factory


@pytest.fixture(scope="session")
def sample(sample_repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """The sample repository after one undisturbed run of the whole factory."""
    factory = Factory(sample_repo, tmp_path_factory.mktemp("run") / "envfactory-work", "sample/wordkit")
    factory.run()
    return factory
