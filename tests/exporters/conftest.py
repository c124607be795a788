from __future__ import annotations

from pathlib import Path

import pytest

from envfactory.exporters import ExportContext
from envfactory.records import Task
from tests.exporters import sample


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return sample.repository(tmp_path / "repo")


@pytest.fixture
def task(repo: Path) -> Task:
    return sample.sample_task(repo)


@pytest.fixture
def thin() -> ExportContext:
    return ExportContext(thin=True, funnel={"extract": {"in": 1, "out": 1}})
