"""Rows in the shapes of SWE-rebench and Multi-SWE, and the folder for the hub."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from envfactory.exporters import EXPORTERS, ExportContext, hub, parquet
from envfactory.exporters.multi_swe import multi_swe_row
from envfactory.exporters.row import row
from envfactory.exporters.splits import SPLITS, split_of
from envfactory.records import Outcome, Task, TestResult
from tests.exporters import sample


def only_line(path: Path) -> dict[str, object]:
    (line,) = path.read_text().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_swe_rebench(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["swe-rebench"].export([task], tmp_path, thin)
    found = only_line(tmp_path / "swe-rebench.jsonl")
    assert found["FAIL_TO_PASS"] == ["tests/test_maths.py::test_half_odd"]
    assert found["image_name"] == found["docker_image"] == task.environment.image.tag
    assert found["license_name"] == "MIT"
    assert found["install_config"] == {
        "install": "",
        "log_parser": "parse_log_pytest",
        "pre_install": [],
        "python": "3.11",
        "test_cmd": "python -m pytest -q -rfEsxXp -p no:cacheprovider tests/test_maths.py"
        " | sed -u 's/::()//g'",
    }


def test_multi_swe(task: Task) -> None:
    odd = "tests/test_maths.py::test_half_odd"
    failing = {odd: TestResult(outcome=Outcome.ERROR)}
    before, after = task.reports
    changed = task.model_copy(
        update={
            "reports": (
                before.model_copy(update={"state": "base"}),
                before.model_copy(update={"results": failing}),
                after.model_copy(update={"results": {odd: TestResult(outcome=Outcome.PASSED)}}),
            )
        }
    )
    found = multi_swe_row(changed)
    assert (found["org"], found["repo"], found["number"], found["lang"]) == ("acme", "maths", 7, "python")
    assert found["n2p_tests"] == {odd: {"run": "NONE", "test": "FAIL", "fix": "PASS"}} == found["fixed_tests"]
    assert set(found["p2p_tests"]) == set(task.reward_spec.pass_to_pass)
    assert (found["fix_patch_result"]["passed_count"], found["run_result"]["failed_count"]) == (1, 0)
    assert found["fix_patch"] == task.candidate.gold_patch
    assert json.dumps(found)


def test_multi_swe_as_a_file(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["multi-swe"].export([task], tmp_path, thin)
    assert only_line(tmp_path / "multi-swe.jsonl")["instance_id"] == task.instance_id


def test_swebench_task_repository(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    EXPORTERS["swebench-repo"].export([task], tmp_path, thin)
    place = tmp_path / "tasks" / task.instance_id
    config = yaml.safe_load((tmp_path / "sweb.yaml").read_text())
    told = yaml.safe_load((place / "task.yaml").read_text())
    assert told["split"] in config["splits"] and told["datasets"] == config["datasets"]
    assert told["image"] == "swebench/sweb.eval.x86_64.acme_1776_maths-7:latest"
    assert (place / "gold.patch").read_text() == task.candidate.gold_patch
    assert (place / "Dockerfile").read_text() == f"FROM {task.environment.image.tag}\n"
    tests = json.loads((place / "tests.json").read_text())
    assert tests["FAIL_TO_PASS"] == ["tests/test_maths.py::test_half_odd"]
    assert not (place / "hints.md").exists()


def test_the_hub_folder(task: Task, thin: ExportContext, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    EXPORTERS["hub"].export([task], tmp_path, replace(thin, name="my tasks"))
    split = split_of("acme/maths")
    path = tmp_path / f"data/{split}-00000-of-00001.parquet"
    assert [one["instance_id"] for one in parquet.read(path)] == [task.instance_id]
    _, head, body = (tmp_path / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["pretty_name"] == "my tasks"
    assert metadata["configs"][0]["data_files"] == [{"split": split, "path": str(path.relative_to(tmp_path))}]
    assert f"| {split} | 1 | 1 |" in body


def test_every_column_is_on_the_card(task: Task) -> None:
    assert list(hub.COLUMNS) == list(row(task, root="r"))


@given(
    owner=st.from_regex(r"[A-Za-z0-9-]{1,20}", fullmatch=True),
    name=st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True),
)
def test_a_repository_is_in_one_split(owner: str, name: str) -> None:
    split = split_of(f"{owner}/{name}")
    assert split in SPLITS and split == split_of(f"{owner}/{name}".upper().lower())


def test_shares() -> None:
    counted = [split_of(f"owner/name-{number}") for number in range(2000)]
    assert [round(counted.count(split) / 2000, 1) for split in SPLITS] == [0.8, 0.1, 0.1]


def test_nothing_is_measured(tmp_path: Path, thin: ExportContext) -> None:
    repo = sample.repository(tmp_path / "repo")
    for seconds, place in ((1.0, "a"), (2.0, "b")):
        for name in ("swe-rebench", "multi-swe", "hub", "swebench-repo"):
            EXPORTERS[name].export([sample.sample_task(repo, seconds=seconds)], tmp_path / place, thin)
    for path in (tmp_path / "a").rglob("*.*"):
        assert (
            path.is_dir()
            or path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
        )
