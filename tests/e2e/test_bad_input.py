"""What must not hurt: test suites that misbehave, files that are hard to handle, sources that are none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.sample import SAMPLE, generate
from tests.e2e.factory import Factory

REPOS = SAMPLE.parent
SMALL = {
    "ENVFACTORY_RUNS": "2",
    "ENVFACTORY_LIMITS__MEMORY_MB": "512",
    "ENVFACTORY_LIMITS__PIDS": "128",
    "ENVFACTORY_LIMITS__DISK_MB": "512",
    "ENVFACTORY_LIMITS__TEST_SECONDS": "4",
    "ENVFACTORY_LIMITS__RUN_SECONDS": "15",
}


def expected(series: str) -> dict[str, list[str]]:
    return json.loads((REPOS / series / "expected.json").read_text(encoding="utf-8"))["pulls"]


def produced(series: str, folder: Path) -> Factory:
    clone = generate(folder / series, REPOS / series)
    factory = Factory(clone, folder / "envfactory-work", f"sample/{series}", SMALL)
    factory.run(timeout=1200)
    return factory


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    return produced("hostile", tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    return produced("edges", tmp_path_factory.mktemp("edges"))


@pytest.mark.docker
@pytest.mark.parametrize("number", expected("hostile"))
def test_a_hostile_suite_has_an_end(hostile: Factory, number: str) -> None:
    assert hostile.ends()[number] in expected("hostile")[number]


@pytest.mark.docker
def test_a_hostile_suite_leaves_nothing_behind(hostile: Factory) -> None:
    assert hostile.containers() == []
    logs = sum(path.stat().st_size for path in hostile.workspace.rglob("*") if path.is_file())
    assert logs < 100 << 20, "a gigabyte of output must not end up on our disk"


@pytest.mark.docker
@pytest.mark.parametrize("number", expected("edges"))
def test_hard_files_have_an_end(edges: Factory, number: str) -> None:
    assert edges.ends()[number] in expected("edges")[number]


@pytest.mark.docker
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_gold_of_hard_files_resolves(edges: Factory, number: int) -> None:
    task = edges.task(number)
    gold = (task / "solution" / "gold.patch").read_bytes().decode()
    assert edges.grade(task, gold)["resolved"] is True
    assert edges.grade(task, "")["resolved"] is False


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=Sample Author", "-c", "user.email=sample@example.invalid"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def factory(tmp_path: Path) -> Factory:
    source = tmp_path / "source"
    source.mkdir()
    return Factory(source, tmp_path / "envfactory-work", "sample/source")


def test_a_folder_is_no_repository(factory: Factory) -> None:
    factory.command("mine", factory.clone, "-w", factory.workspace, expect=2)
    assert "no git repository" in factory.tail() or "not a git repository" in factory.tail()


def test_a_path_that_does_not_exist(factory: Factory) -> None:
    factory.command("mine", factory.clone / "nowhere", "-w", factory.workspace, expect=2)


def test_an_empty_repository(factory: Factory) -> None:
    git(factory.clone, "init", "--quiet")
    factory.command("mine", factory.clone, "-w", factory.workspace, expect=2)


def test_a_repository_without_pull_requests(factory: Factory) -> None:
    git(factory.clone, "init", "--quiet")
    git(factory.clone, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    factory.command("mine", factory.clone, "-w", factory.workspace, expect=3)


def test_a_number_that_does_not_exist(factory: Factory, sample_repo: Path) -> None:
    factory.command("mine", sample_repo, "--pr", "999", "-w", factory.workspace, expect=3)


def test_a_shallow_clone(factory: Factory, sample_repo: Path) -> None:
    address = sample_repo.as_uri()
    git(factory.clone, "clone", "--quiet", "--depth", "3", address, "shallow")
    clone = factory.clone / "shallow"
    factory.command("mine", clone, "--repo", factory.repo, "-w", factory.workspace)
    ends = factory.ends()
    assert ends["17"] == "task"  # the last pull request needs nothing that was cut off
    assert not [end for end in ends.values() if end.startswith("failed:bug")]


def test_a_pull_request_of_five_thousand_files(factory: Factory) -> None:
    clone = generate(factory.clone / "wordkit")
    for number in range(5000):
        folder = clone / "generated" / f"{number // 100:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file_{number}.py").write_text(f"VALUE = {number}\n")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "-m", "Generate everything (#18)")
    factory.command("mine", clone, "--repo", factory.repo, "-w", factory.workspace, timeout=120)
    ends = factory.ends()
    assert ends["18"] == "rejected:too_many_files"
    assert ends["17"] == "task"
