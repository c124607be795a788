"""``check-overlap`` on a real bundle and on files: what is marked, where, and that digests stay true."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from envfactory.commands import app
from envfactory.exporters import ExportContext, bundle, parquet
from envfactory.trainer import Dataset
from tests.exporters import sample


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["check-overlap", *map(str, words)])


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    task = sample.sample_task(sample.repository(tmp_path / "repo"))
    bundle.export([task], tmp_path / "dataset", ExportContext(thin=True))
    return tmp_path / "dataset"


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    path = tmp_path / "bench.jsonl"
    rows = [{"instance_id": "other__name-1", "base_commit": "b" * 40}, {"instance_id": "acme__maths-7"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows(dataset: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (dataset / "dataset.jsonl").read_text().splitlines()]


def check_digests(dataset: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((dataset / "manifest.json").read_bytes())
    for name, digest in {**manifest["files"], **manifest["measured"]["files"]}.items():
        assert hashlib.sha256((dataset / name).read_bytes()).hexdigest() == digest, name
    return manifest


MARKS = ["bench/other__name-1 (base_commit)", "bench/acme__maths-7 (pull_request)"]


def test_a_bundle_is_marked_and_stays_consistent(dataset: Path, benchmark: Path) -> None:
    before = check_digests(dataset)
    assert rows(dataset)[0]["overlap"] == ""
    result = call(dataset, "--against", benchmark, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["rows"], told["overlapping"], told["benchmarks"]) == (1, 1, {"bench": 2})
    assert told["matches"]["acme__maths-7"][0]["by"] == ["base_commit"]
    after = check_digests(dataset)
    assert after["digest"] == before["digest"]
    assert json.loads(rows(dataset)[0]["overlap"]) == MARKS
    (flat,) = pyarrow.parquet.read_table(dataset / parquet.FILE).to_pylist()
    assert json.loads(flat["overlap"]) == MARKS
    assert (flat["statement_words"], flat["leak_score_gold"]) == (
        rows(dataset)[0]["statement_words"], rows(dataset)[0]["leak_score_gold"],
    )  # fmt: skip
    assert len(Dataset(dataset)) == 1


def test_marks_outlive_the_next_export(dataset: Path, benchmark: Path, tmp_path: Path) -> None:
    assert call(dataset, "--against", benchmark, "-q").exit_code == 0
    bundle.BundleWriter(dataset, ExportContext(thin=True)).finish()
    assert json.loads(rows(dataset)[0]["overlap"]) == MARKS
    check_digests(dataset)
    bundle.export([], dataset, ExportContext(thin=True))
    check_digests(dataset)
    assert not (dataset / "overlap.json").exists()


def test_what_is_in_no_benchmark_says_so(dataset: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"instance_id": "a__b-1"}\n')
    result = call(dataset, "--against", other)
    assert result.exit_code == 0 and result.stdout == ""
    assert "0 of 1 tasks are in other (1 rows)" in result.stderr
    assert rows(dataset)[0]["overlap"] == "[]"


def test_elsewhere_or_not_at_all(dataset: Path, benchmark: Path, tmp_path: Path) -> None:
    before = (dataset / "manifest.json").read_bytes()
    for name in ("marked.jsonl", "marked.parquet"):
        assert call(dataset, "--against", benchmark, "--to", tmp_path / name).exit_code == 0
    (flat,) = pyarrow.parquet.read_table(tmp_path / "marked.parquet").to_pylist()
    assert json.loads(flat["overlap"]) == MARKS
    again = call(
        tmp_path / "marked.parquet", "--against", tmp_path / "marked.jsonl", "--to", tmp_path / "x.jsonl"
    )
    assert again.exit_code == 0, again.output
    assert "acme__maths-7 (pull_request, base_commit)" in (tmp_path / "x.jsonl").read_text()
    dry = call(dataset, "--against", benchmark, "--dry-run")
    assert "acme__maths-7  bench/other__name-1  by base_commit" in dry.stdout
    assert (dataset / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{dataset}", "--against", "nowhere.jsonl"], "there is no file nowhere.jsonl"),
        (["{dataset}", "--against", "owner/name"], "swe-envfactory[huggingface]"),
        (["{dataset}", "--against", "{empty}"], "no row of"),
        (["{dataset}", "--against", "{broken}"], "cannot read"),
        (["{dataset}", "--against", "{bench}", "--to", "x.txt"], "cannot tell a format"),
        (["{bench}", "--against", "{bench}"], "files are not changed"),
        (["nowhere", "--against", "{bench}", "--dry-run"], "there is no data set"),
        (["{dataset}"], "--against"),
    ],
)
def test_wrong_calls(words: list[str], said: str, dataset: Path, benchmark: Path, tmp_path: Path) -> None:
    if "owner/name" in words:
        try:
            import datasets  # noqa: F401
        except ImportError:
            pass
        else:
            pytest.skip("datasets is installed")
    (tmp_path / "empty.jsonl").write_text("{}\n")
    (tmp_path / "broken.jsonl").write_text("{\n")
    known = {"dataset": dataset, "bench": benchmark}
    known |= {name: tmp_path / f"{name}.jsonl" for name in ("empty", "broken")}
    result = call(*(word.format(**known) for word in words))
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
