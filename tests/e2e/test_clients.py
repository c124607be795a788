"""Other people's harnesses, as they are installed today, on a task of the sample repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.judges import CLIENTS, UNREACHABLE, copy_tasks
from tests.e2e.factory import Factory

pytestmark = pytest.mark.docker

CHECKS = {
    "harbor": ("lint: clean", "oracle: ", "nop: ", "wrong-oracle: ", "regrade: done"),
    "swebench": ("--gold: ", "empty not resolved", "wrong not resolved"),
}


@pytest.mark.parametrize("client", CHECKS)
def test_a_client_gives_the_verdicts_that_patches_deserve(
    sample: Factory, client: str, tmp_path: Path
) -> None:
    """The script fails where a verdict is another one."""
    copy_tasks(sample.workspace / "dataset", tmp_path / "dataset", [sample.task(1).name])
    command = [CLIENTS / f"{client}.sh", tmp_path / "dataset"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode == UNREACHABLE:
        pytest.skip(f"{client} cannot be installed today: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [check for check in CHECKS[client] if check not in done.stdout] == []
