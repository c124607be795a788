from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from envfactory import Dataset
from envfactory.errors import UsageError
from envfactory.exporters import EXPORTERS, ExportContext
from envfactory.records import SpeedTerm
from envfactory.trainer import Task
from tests.exporters import sample


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    repo = sample.repository(tmp_path / "repo")
    task = sample.sample_task(repo, speed=SpeedTerm(baseline_seconds=(0.5,)))
    EXPORTERS["bundle"].export([task], tmp_path / "dataset", ExportContext(thin=True))
    return tmp_path / "dataset"


def test_tasks_are_found_by_id_and_position(bundle: Path) -> None:
    dataset = Dataset(bundle)
    assert (len(dataset), dataset.ids) == (1, ["acme__maths-7"])
    assert dataset[0].instance_id == dataset["acme__maths-7"].instance_id == next(iter(dataset)).instance_id
    assert "acme__maths-7" in dataset and dataset[0] in dataset and "other" not in dataset
    assert len(dataset[:0]) == 0 and dataset[-1:].ids == dataset.ids
    with pytest.raises(KeyError, match="did you mean 'acme__maths-7'"):
        dataset["acme__maths-8"]


def test_filtering(bundle: Path) -> None:
    dataset = Dataset(bundle)
    assert len(dataset.filter(language="python", task_type="bug_fix")) == 1
    assert len(dataset.filter(language="go")) == 0
    assert len(dataset.filter(lambda task: "half" in task.problem_statement)) == 1


def test_a_task_reads_back_what_was_exported(bundle: Path, tmp_path: Path) -> None:
    task = Dataset(bundle)[0]
    made = sample.sample_task(tmp_path / "repo", speed=SpeedTerm(baseline_seconds=(0.5,)))
    assert task.reward_spec == made.reward_spec and task.spec == made.environment.spec
    assert task.gold_patch == made.candidate.gold_patch
    assert (task.repo, task.language, task.image) == ("acme/maths", "python", made.environment.image.tag)
    assert task.root_commit == task.metadata["base_commit_hash"]
    assert task.instruction.startswith("half(3) is 1")
    assert list(Dataset(bundle).rows()) == [task.row]


def test_half_written_tasks_do_not_show(bundle: Path) -> None:
    (bundle / "tasks/acme__maths-7").rename(bundle / "tasks/acme__maths-7.incomplete")
    assert len(Dataset(bundle)) == 0


def test_what_is_no_dataset_and_no_task(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dataset"):
        Dataset(tmp_path / "none")
    with pytest.raises(UsageError, match="not the directory of a task"):
        Task(tmp_path)


def test_an_altered_task_is_refused(bundle: Path) -> None:
    (bundle / "tasks/acme__maths-7/tests/files/tests/test_maths.py").write_text("")
    with pytest.raises(UsageError, match="cannot be used"):
        _ = Dataset(bundle)[0].reward_spec


def test_import_is_light() -> None:
    heavy = ("docker", "pydantic", "pyarrow")
    code = f"import sys, envfactory\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
