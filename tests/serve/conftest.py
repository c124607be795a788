from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from envfactory import Dataset
from envfactory.trainer import Task
from tests.trainer.real_task import real_dataset

if TYPE_CHECKING:
    from envfactory.engine import Engine


@pytest.fixture(scope="session")
def dataset(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    with real_dataset(engine, tmp_path_factory.mktemp("episodes")) as found:
        yield found


@pytest.fixture(scope="session")
def task(dataset: Dataset) -> Task:
    return dataset[0]
