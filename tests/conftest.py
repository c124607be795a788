"""What every test may use, and when the tests that need Docker run.

They run when an engine answers.  ``--docker=never`` leaves them out, ``--docker=always`` (the default
where ``CI`` is set) makes a missing engine a failure instead of a skip.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.sample import bare, generate
from tests.real_dataset import real_dataset

if TYPE_CHECKING:
    from envfactory import Dataset
    from envfactory.engine import Engine
    from envfactory.trainer import Task
    from envfactory.workspace import Workspace


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a script starts with "&" ignores Ctrl-C, and so would the commands that tests interrupt:
    # https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html (2.12, asynchronous lists)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--docker",
        choices=["auto", "always", "never"],
        default="always" if os.environ.get("CI") else "auto",
        help="run tests that need a Docker engine: auto = when one answers (default), always, never",
    )


@functools.cache
def engine_answers() -> bool:
    if not shutil.which("docker"):
        return False
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") is None:
        return
    policy = item.config.getoption("--docker")
    if policy == "never":
        pytest.skip("--docker=never")
    if not engine_answers():
        if policy == "always":
            pytest.fail("no Docker engine answers, and --docker=always (or CI) demands one", pytrace=False)
        pytest.skip("no Docker engine answers")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The connected engine; only for tests marked ``docker``."""
    from envfactory.engine import connect

    yield connect()


@pytest.fixture(scope="session")
def dataset(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """One task whose image can be made; only for tests marked ``docker``."""
    with real_dataset(engine, tmp_path_factory.mktemp("episodes")) as found:
        yield found


@pytest.fixture(scope="session")
def task(dataset: Dataset) -> Task:
    """The task of ``dataset``."""
    return dataset[0]


@pytest.fixture(scope="session")
def sample_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work tree of the sample repository; read it, never change it."""
    return generate(tmp_path_factory.mktemp("sample") / "wordkit")


@pytest.fixture(scope="session")
def sample_mirror(sample_repo: Path) -> Path:
    """Bare mirror of the sample repository."""
    return bare(sample_repo, sample_repo.with_name("wordkit.git"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace of this test alone."""
    from envfactory.workspace import Workspace

    return Workspace(tmp_path / "envfactory-work")
