"""Extraction in real containers: small pull requests of every kind become tasks or the right rejection."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from envfactory.builder.site import Site
from envfactory.engine import Engine
from envfactory.extractor import extract
from envfactory.git import Clone
from envfactory.records import (
    BuiltImage,
    Candidate,
    Environment,
    EnvironmentSpec,
    Limits,
    PullRequest,
    Rejection,
    Task,
    Toolchain,
)
from envfactory.settings import Settings
from envfactory.workspace import Workspace
from tests.tiny_image import COMMAND, tiny_image

pytestmark = pytest.mark.docker
WHEN = datetime(2024, 1, 1, tzinfo=UTC)

BASE = {
    "pyproject.toml": '[project]\nname = "calc"\nversion = "1"\n[tool.pytest.ini_options]\npythonpath = ["src"]\n',  # noqa: E501
    "src/calc/__init__.py": "def add(a, b):\n    return a - b\n",
    "tests/test_calc.py": "import calc\n\n\ndef test_zero():\n    assert calc.add(1, 0) == 1\n",
    "tests/test_other.py": "import calc\n\n\ndef test_other():\n    assert calc.add(0, 0) == 0\n",
}
FIXED = {"src/calc/__init__.py": "def add(a, b):\n    return a + b\n"}
TESTED = {
    "tests/test_calc.py": BASE["tests/test_calc.py"] + "\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n"
}


def git(place: Path, *args: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *args],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def commit(place: Path, files: Mapping[str, str]) -> str:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content)
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "x")
    return git(place, "rev-parse", "HEAD")


class Case:
    """One pull request on ``BASE``, ready to be extracted."""

    def __init__(
        self, engine: Engine, place: Path, changes: Mapping[str, str], base: Mapping[str, str]
    ) -> None:
        self.engine, self.place = engine, place
        clone = place / "clone"
        clone.mkdir()
        git(clone, "init", "-q")
        self.base, self.head = commit(clone, base), commit(clone, changes)
        self.tests = tuple(sorted(path for path in changes if path.startswith("tests/")))
        self.source = tuple(sorted(set(changes) - set(self.tests)))
        self.image = tiny_image(engine, base)

    def candidate(self, **fields: Any) -> Candidate:
        def diff(paths: tuple[str, ...]) -> str:
            return git(self.place / "clone", "diff", "--binary", self.base, self.head, "--", *paths) + "\n"

        def tree(name: str) -> str:
            return git(self.place / "clone", "rev-parse", f"{name}^{{tree}}")

        pull = PullRequest(
            repo="o/calc",
            number=1,
            title="t",
            base_commit=self.base,
            head_commit=self.head,
            merge_kind="merge",
            created_at=WHEN,
            merged_at=WHEN,
            source="git",
        )
        return Candidate(
            pull_request=pull,
            language="python",
            base_tree=tree(self.base),
            after_tree=tree(self.head),
            gold_patch=diff(self.source),
            test_patch=diff(self.tests),
            source_files=self.source,
            test_files=self.tests,
            test_modules=tuple(path for path in self.tests if path.endswith(".py")),
            problem_statement=fields.get("statement", "adding is broken"),
            statement_parts=(),
        )

    def environment(self) -> Environment:
        toolchain = Toolchain(name="python", version="3.11", executable="p", provider="x", image="x")
        spec = EnvironmentSpec(
            language="python",
            toolchain=toolchain,
            test_command=COMMAND,
            cutoff=WHEN,
            repo="o/calc",
            base_commit=self.base,
            source_digest="x",
            limits=Limits(memory_mb=512, pids=64, run_seconds=30, test_seconds=5),
        )
        return Environment(spec=spec, image=BuiltImage(tag=self.image, spec_digest="x", image_id="x"))

    def extract(self, **fields: Any) -> Task | Rejection:
        site = Site(
            engine=self.engine,
            index=None,  # type: ignore[arg-type]
            workspace=Workspace(self.place / "work").make(),
            settings=Settings(runs=fields.pop("runs", 2), oracle=fields.pop("oracle", False)),
            recipes=None,  # type: ignore[arg-type]
        )
        with Clone.open(self.place / "clone", repo="o/calc", cache=self.place / "cache") as clone:
            return extract(self.candidate(**fields), self.environment(), clone, site)


def case(engine: Engine, place: Path, changes: Mapping[str, str], base: Mapping[str, str] = BASE) -> Case:
    return Case(engine, place, changes, base)


def test_a_bug_fix_becomes_a_task(engine: Engine, tmp_path: Path) -> None:
    found = case(engine, tmp_path, FIXED | TESTED).extract(runs=3)
    assert isinstance(found, Task), found
    spec = found.reward_spec
    assert spec.fail_to_pass == {"tests/test_calc.py::test_add": "f2p"}
    assert spec.pass_to_pass == {
        "tests/test_calc.py::test_zero": "p2p",
        "tests/test_other.py::test_other": "p2p",
    }
    assert spec.test_modules == ("tests/test_calc.py", "tests/test_other.py")
    assert spec.runs == {"base": 1, "before": 3, "after": 3} and len(found.reports) == 7
    assert "/tests/**" in spec.protected and [file.path for file in spec.shared_files] == ["pyproject.toml"]
    assert set(spec.canaries) == {"function", "unittest", "runner"} and len(spec.speed.baseline_seconds) == 3
    assert len(spec.speed.baseline_cpu_seconds) == 3 and min(spec.speed.baseline_cpu_seconds) > 0
    assert spec.speed.machine.processors
    logs = sorted(path.name for path in (tmp_path / "work").rglob("*.log"))
    assert "trial-graded-gold-1.log" in logs and "trial-before-2.log" in logs


def test_the_oracle_is_measured_if_asked_for(engine: Engine, tmp_path: Path) -> None:
    found = case(engine, tmp_path, FIXED | TESTED).extract(oracle=True)
    assert isinstance(found, Task) and found.oracle is not None, found
    oracle = found.oracle
    assert (oracle.mutants, oracle.killed, oracle.partial) == (2, 2, 0), oracle
    assert (oracle.changed_lines, oracle.covered_lines, oracle.weak) == (1, 1, False), oracle
    assert found.digest == found.model_copy(update={"oracle": None}).digest


def test_the_same_input_gives_the_same_spec(engine: Engine, tmp_path: Path) -> None:
    one = case(engine, tmp_path, FIXED | TESTED)
    first, second = one.extract(), one.extract()
    assert isinstance(first, Task) and isinstance(second, Task)
    assert first.reward_spec.digest == second.reward_spec.digest


IMPORT = "from calc import times\nimport calc\n\n\ndef test_zero():\n    assert calc.add(1, 0) == 1\n"
TIMES = {"src/calc/__init__.py": BASE["src/calc/__init__.py"] + "\n\ndef times(a, b):\n    return a * b\n"}


def test_a_new_symbol(engine: Engine, tmp_path: Path) -> None:
    new = IMPORT + "\n\ndef test_times():\n    assert times(2, 3) == 6\n"
    found = case(engine, tmp_path, TIMES | {"tests/test_calc.py": new}).extract()
    assert isinstance(found, Task), found
    assert found.reward_spec.fail_to_pass == {"tests/test_calc.py::test_times": "n2p"}
    assert found.reward_spec.pass_to_pass["tests/test_calc.py::test_zero"] == "b2p"


@pytest.mark.parametrize("statement", ["add a function times", "add a function"])
def test_nothing_but_an_import(engine: Engine, tmp_path: Path, statement: str) -> None:
    found = case(engine, tmp_path, TIMES | {"tests/test_calc.py": IMPORT}).extract(statement=statement)
    if "times" in statement:
        assert isinstance(found, Task) and found.reward_spec.import_only
        assert found.reward_spec.fail_to_pass == {"tests/test_calc.py::test_zero": "b2p"}
    else:
        assert isinstance(found, Rejection) and found.reason == "import_not_told" and "times" in found.detail


def test_runner_configuration_comes_with_the_task(engine: Engine, tmp_path: Path) -> None:
    """Gold adds a marker that strict mode demands: patches that never touch the file must have it, too."""
    base = BASE | {
        "pyproject.toml": BASE["pyproject.toml"] + 'addopts = "--strict-markers"\nmarkers = ["a"]\n'
    }
    gold = {"pyproject.toml": base["pyproject.toml"].replace('["a"]', '["a", "b"]').replace('"1"', '"2"')}
    marked = "import pytest\n" + TESTED["tests/test_calc.py"].replace(
        "def test_z", "@pytest.mark.b\ndef test_z"
    )
    found = case(engine, tmp_path, FIXED | gold | {"tests/test_calc.py": marked}, base).extract()
    assert isinstance(found, Task), found
    assert found.reward_spec.pass_to_pass["tests/test_calc.py::test_zero"] == "p2p"
    assert [file.path for file in found.reward_spec.hidden_files] == ["pyproject.toml", "tests/test_calc.py"]


REJECTED = {
    "no_behaviour_change": FIXED | {"tests/test_calc.py": BASE["tests/test_calc.py"] + "# more\n"},
    "tests_do_not_pass_after": {"tests/test_calc.py": "def test_zero():\n    assert 0\n"} | TIMES,
    "tests_do_not_end_after": {
        "tests/test_calc.py": "import os\ndef test_zero():\n    pass\ndef test_x():\n    os._exit(0)\n"
    }
    | TIMES,
}


@pytest.mark.parametrize("reason", REJECTED)
def test_rejections(engine: Engine, tmp_path: Path, reason: str) -> None:
    found = case(engine, tmp_path, REJECTED[reason]).extract()
    assert isinstance(found, Rejection) and (found.reason, found.stage) == (reason, "extract"), found
    assert found.key == "o/calc#1"


def test_an_environment_that_base_cannot_be_collected_in(engine: Engine, tmp_path: Path) -> None:
    base = BASE | {"tests/test_calc.py": "import not_installed\n"}
    found = case(engine, tmp_path, FIXED | TESTED, base).extract()
    assert isinstance(found, Rejection) and found.reason == "environment_fault", found


def test_flaky_tests_are_set_apart(engine: Engine, tmp_path: Path) -> None:
    counter = "\n\ndef test_flaky():\n    import pathlib\n    assert int(pathlib.Path('/proc/sys/kernel/random/uuid').read_text()[0], 16) % 2\n"  # noqa: E501
    changed = FIXED | {"tests/test_calc.py": TESTED["tests/test_calc.py"] + counter}
    found = case(engine, tmp_path, changed).extract(runs=6)
    assert isinstance(found, Task), found
    lists = {**found.reward_spec.fail_to_pass, **found.reward_spec.pass_to_pass}
    assert "tests/test_calc.py::test_flaky" not in lists and "tests/test_calc.py::test_add" in lists
