from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from pathlib import Path

import pytest

from envfactory.errors import ExportError
from envfactory.exporters import EXPORTERS, BundleWriter, ExportContext
from envfactory.records import Task
from tests.exporters import sample

TOP = {
    "data/train-00000-of-00001.parquet",
    "dataset.jsonl",
    "dataset.toml",
    "manifest.json",
    "registry.json",
}
IN_TASK = {
    "environment/Dockerfile",
    "environment/spec.json",
    "instruction.md",
    "provenance.json",
    "solution/gold.patch",
    "solution/solve.sh",
    "task.toml",
    "tests/canary_tests.py",
    "tests/config.json",
    "tests/files/tests/test_maths.py",
    "tests/grade.py",
    "tests/grader.json",
    "tests/protected.py",
    "tests/protection.py",
    "tests/pytest_collector.py",
    "tests/pytest_collector_lines.py",
    "tests/pytest_collector_watch.py",
    "tests/report_lines.py",
    "tests/reward_spec.json",
    "tests/running.py",
    "tests/test.sh",
    "tests/verdict.py",
    "tests/worktree.py",
}


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def manifest(directory: Path) -> dict[str, object]:
    data: dict[str, object] = json.loads((directory / "manifest.json").read_text())
    return data


def test_layout(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["bundle"].export([task], tmp_path / "out", thin)
    found = set(contents(tmp_path / "out"))
    inside = f"tasks/{task.instance_id}/"
    assert {name for name in found if not name.startswith(inside)} == TOP
    assert {name.removeprefix(inside) for name in found if name.startswith(inside)} == IN_TASK
    root = tmp_path / "out" / inside
    assert (root / "environment/Dockerfile").read_text() == f"FROM {task.environment.image.tag}\n"
    assert (root / "tests/test.sh").stat().st_mode & 0o111
    assert tomllib.loads((root / "task.toml").read_text())["metadata"]["instance_id"] == task.instance_id
    for path in (root / "tests").rglob("*"):
        if path.is_file():
            path.read_text(encoding="utf-8")


def test_manifest_verifies_every_file(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["bundle"].export([task], tmp_path / "out", thin)
    found = contents(tmp_path / "out")
    data = json.loads(found.pop("manifest.json"))
    listed = {**data["files"], **data["measured"]["files"]}
    assert {name: hashlib.sha256(value).hexdigest() for name, value in found.items()} == listed
    assert data["counts"] == {"tasks": 1, "repositories": 1}
    assert data["funnel"] == {"extract": {"in": 1, "out": 1}}


def test_equal_records_give_equal_bytes(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    for name in ("a", "b"):
        EXPORTERS["bundle"].export([task], tmp_path / name, thin)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_measured_differences_leave_the_digest_alone(repo: Path, thin: ExportContext, tmp_path: Path) -> None:
    for name, seconds in (("a", 0.1), ("b", 0.2)):
        EXPORTERS["bundle"].export([sample.sample_task(repo, seconds=seconds)], tmp_path / name, thin)
    assert manifest(tmp_path / "a")["digest"] == manifest(tmp_path / "b")["digest"]
    one, two = contents(tmp_path / "a"), contents(tmp_path / "b")
    differing = {Path(name).name for name in one if one[name] != two[name]}
    assert differing == {"provenance.json", "manifest.json"}


def test_another_reward_spec_is_another_dataset(
    repo: Path, task: Task, thin: ExportContext, tmp_path: Path
) -> None:
    EXPORTERS["bundle"].export([task], tmp_path, thin)
    before = manifest(tmp_path)["digest"]
    EXPORTERS["bundle"].export([sample.sample_task(repo, pass_to_pass={})], tmp_path, thin)
    assert manifest(tmp_path)["digest"] != before
    assert json.loads((tmp_path / "dataset.jsonl").read_text())["PASS_TO_PASS"] == "[]"


def test_complete_directories_are_left_alone_and_broken_ones_made_again(
    task: Task, thin: ExportContext, tmp_path: Path
) -> None:
    EXPORTERS["bundle"].export([task], tmp_path, thin)
    directory = tmp_path / "tasks" / task.instance_id
    node = directory.stat().st_ino
    whole = contents(directory)
    EXPORTERS["bundle"].export([task], tmp_path, thin)
    assert directory.stat().st_ino == node
    (directory / "solution/gold.patch").write_text("cut")
    (tmp_path / "tasks" / "x__y-1.incomplete").mkdir()
    EXPORTERS["bundle"].export([task], tmp_path, thin)
    assert contents(directory) == whole
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == [task.instance_id]


def test_tasks_that_are_no_more_disappear(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["bundle"].export([task], tmp_path, thin)
    EXPORTERS["bundle"].export([], tmp_path, thin)
    assert not list((tmp_path / "tasks").iterdir())
    assert (tmp_path / "dataset.jsonl").read_bytes() == b""
    assert not (tmp_path / "data/train-00000-of-00001.parquet").exists()


def test_a_dataset_grows_task_by_task(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    writer = BundleWriter(tmp_path, thin)
    writer.add(task)
    assert json.loads((tmp_path / "dataset.jsonl").read_text())["instance_id"] == task.instance_id
    shutil.rmtree(tmp_path / "tasks" / task.instance_id / "tests")
    assert not BundleWriter(tmp_path, thin)._tasks


def test_without_sources_only_thin_bundles(task: Task, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        EXPORTERS["bundle"].export([task], tmp_path, ExportContext())
    assert caught.value.cause == "source_missing"
    assert not list((tmp_path / "tasks").iterdir())


def test_lists_in_the_index(task: Task, tmp_path: Path) -> None:
    EXPORTERS["bundle"].export([task], tmp_path, ExportContext(thin=True, lists=True))
    assert json.loads((tmp_path / "dataset.jsonl").read_text())["FAIL_TO_PASS"] == [
        "tests/test_maths.py::test_half_odd"
    ]


def test_swebench_rows_and_parquet_agree(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    import pyarrow.parquet

    EXPORTERS["swebench"].export([task], tmp_path, thin)
    EXPORTERS["parquet"].export([task], tmp_path, thin)
    row = json.loads((tmp_path / "swebench.jsonl").read_text())
    table = pyarrow.parquet.read_table(tmp_path / "data/train-00000-of-00001.parquet")
    assert table.to_pylist() == [row]


def test_harbor_has_no_files_of_ours_at_the_top(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["harbor"].export([task], tmp_path / "out", thin)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"tasks", "registry.json", "dataset.toml"}
