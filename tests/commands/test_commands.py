"""The command line from outside: exit codes, streams, help, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from envfactory import __version__
from envfactory.commands import app, guard, status
from envfactory.errors import (
    BuildError,
    FactoryError,
    NothingSelected,
    PrerequisiteError,
    RateLimited,
    UsageError,
)
from envfactory.records import Failure, Rejection, RungAttempt
from envfactory.store import Store
from envfactory.workspace import Workspace
from tests.commands.rendering import DOCS, commands, rewritten
from tests.pipeline.fakes import candidate, pull_request

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory; nothing may appear in it by reading."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith("ENVFACTORY_") and name != "ENVFACTORY_CACHE":
            monkeypatch.delenv(name)
    return folder


def call(*words: str | Path, input: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=input)


@pytest.fixture(autouse=True)
def no_workspace_yet() -> Iterator[None]:
    token = guard.reports.set(None)
    yield
    guard.reports.reset(token)


@pytest.fixture
def known(workspace: Workspace) -> Workspace:
    """A workspace that knows three pull requests."""
    with Store(workspace.make().db) as store:
        for number in (1, 2, 3):
            store.add_pull_request(pull_request(number), "clone")
        one, two, three = (pull_request(number) for number in (1, 2, 3))
        store.finish(store.begin("mine", one.key, "d"), candidate(one))
        store.finish(
            store.begin("mine", two.key, "d"),
            Rejection(key=two.key, stage="mine", reason="no_tests", detail="none"),
        )
        store.finish(store.begin("mine", three.key, "d"), candidate(three))
        failure = Failure(
            key=three.key, stage="build", cause="build_step_failed", detail="boom", log="build.log"
        )
        store.finish(store.begin("build", three.key, "d"), failure)
        store.begin("build", one.key, "d")
    return workspace


@pytest.mark.parametrize(
    "start", [[sys.executable, "-m", "envfactory"], [sys.executable, str(ROOT / "cli.py")], ["envfactory"]]
)
def test_three_doors_to_one_house(start: list[str]) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == f"envfactory {__version__}\n"


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = "import sys; from envfactory.commands import app\ntry: app(['--help'])\nexcept SystemExit: pass\n"
    code += "heavy = {'docker', 'git', 'pydantic', 'sqlite3', 'requests', 'jinja2'}\n"
    code += "print(heavy & set(sys.modules), file=sys.stderr)"
    seconds = []
    for _ in range(3):
        before = time.monotonic()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - before)
        assert done.stderr == "set()\n"
    assert min(seconds) < 1.0, "0.25 s on an idle machine"


@pytest.mark.parametrize("name", ["", *commands()])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_helps(name: str, flag: str) -> None:
    result = call(*name.split(), flag)
    assert result.exit_code == 0
    assert "Examples" in result.stdout


@pytest.mark.parametrize("document", ["commands.md", "configuration.md"])
def test_every_option_and_setting_is_documented(document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")
    assert text == rewritten(text), "python -m tests.commands.rendering"


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    for name, command in commands().items():
        assert f"\n## {name}\n" in text
        assert f"<!-- options: {name} -->" in text
        assert all(parameter.help for parameter in command.params if parameter.name != "help"), name


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--json"],
        ["inspect", "--list"],
        ["inspect", "a__b-1"],
        ["export"],
        ["build"],
        ["build", "--dry-run"],
        ["extract"],
    ],
)
def test_reading_where_nothing_is(words: list[str], elsewhere: Path) -> None:
    result = call(*words)
    assert result.exit_code == 3
    assert "no workspace" in result.stderr and "envfactory run" in result.stderr
    assert result.stdout == ""
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["run"],
        ["run", "no/such/clone"],
        ["mine", "a", "b", "--repo", "x/y"],
        ["run", ".", "--jobs", "0"],
        ["run", ".", "--since", "yesterday"],
        ["run", ".", "--redo", "grade"],
        ["grade", "nowhere", "--patch", "-"],
        ["grade", "nowhere", "--patch", "nofile"],
        ["inspect"],
        ["export", "--format", "punchcards"],
        ["export", "--format", "parquet"],
        ["run", "-c", "none.toml", "."],
    ],
)
def test_wrong_calls(words: list[str], elsewhere: Path) -> None:
    result = call(*words, input="")
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert list(elsewhere.iterdir()) == []


def test_an_unknown_key_is_an_error(elsewhere: Path) -> None:
    (elsewhere / "envfactory.toml").write_text("job = 3")
    result = call("config", "show")
    assert result.exit_code == 2
    assert (
        "envfactory.toml: unknown setting 'job'" in result.stderr and "did you mean 'jobs'" in result.stderr
    )


def test_config_show() -> None:
    data = json.loads(call("config", "show", "--json", "-j", "5").stdout)
    assert data["jobs"] == {"value": 5, "origin": "command line", "meaning": data["jobs"]["meaning"]}
    assert "runs = 3  # default" in call("config", "show").stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FactoryError("x"), 1),
        (BuildError("x", cause="y"), 1),
        (UsageError("x"), 2),
        (NothingSelected("x"), 3),
        (PrerequisiteError("x", hint="envfactory doctor"), 4),
        (RateLimited("x"), 5),
        (KeyError("x"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, known: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(status, "pending", fail)
    result = call("status", "-w", known.root)
    assert result.exit_code == code
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    if code == 4:
        assert "try: envfactory doctor" in result.stderr
    if code == 70:
        report = Path(result.stderr.strip().rpartition(" ")[2])
        assert report.parent == known.reports
        assert "KeyError" in report.read_text() and __version__ in report.read_text()


def test_reports_fall_back_to_the_temporary_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = guard.write_report("text", tmp_path / "file" / "reports")
    assert path is not None and "text" in path.read_text()
    path.unlink()


def test_status(known: Workspace) -> None:
    before = sorted(path.name for path in known.root.iterdir())
    data = json.loads(call("status", "-w", known.root, "--json").stdout)
    assert data["stages"] == {
        "mine": {"in": 3, "out": 2, "rejected": {"no_tests": 1}, "failed": {}},
        "build": {"in": 1, "out": 0, "rejected": {}, "failed": {"build_step_failed": 1}},
        "extract": {"in": 0, "out": 0, "rejected": {}, "failed": {}},
    }
    assert data["pending"] == {"mine": 0, "build": 1, "extract": 0}
    assert data["unfinished"] == ["sample/words#1"]
    text = call("status", "-w", known.root).stdout
    assert "mine: no_tests" in text.replace("rejected: ", "") or "no_tests" in text
    assert sorted(path.name for path in known.root.iterdir()) == before


def test_inspect(known: Workspace) -> None:
    lines = [
        json.loads(line) for line in call("inspect", "--list", "-w", known.root, "--json").stdout.splitlines()
    ]
    assert [line["status"] for line in lines] == ["ok", "rejected", "failed"]
    for name in ("sample__words-2", "sample/words#2", "*-2"):
        data = json.loads(call("inspect", name, "-w", known.root, "--json").stdout)
        assert data["stages"]["mine"]["record"]["detail"] == "none"
    assert "build: failed build_step_failed boom" in call("inspect", "*-3", "-w", known.root).stdout
    assert "gold patch: words.py" in call("inspect", "*-1", "-w", known.root).stdout
    assert call("inspect", "sample*", "-w", known.root).exit_code == 2
    assert call("inspect", "other", "-w", known.root).exit_code == 3


def test_what_the_ladder_tried_is_told(known: Workspace) -> None:
    tries = (
        RungAttempt(rung="rules", outcome="resolve_failed", detail="no_version", seconds=2.5),
        RungAttempt(rung="repairs", kind="requirement", change="add requirement x", outcome="tests_failed"),
        RungAttempt(rung="model", outcome="refused", detail="malformed", cost_usd=0.0125),
    )
    key = pull_request(1).key
    with Store(known.db) as store:
        rejection = Rejection(key=key, stage="build", reason="none_pass", attempts=tries)
        store.finish(store.begin("build", key, "d"), rejection)
    ladder = json.loads(call("status", "-w", known.root, "--json").stdout)["ladder"]
    assert (ladder["environments"], ladder["without"], ladder["made_by"]) == (0, 1, {})
    assert [(row["rung"], row["kind"], row["tries"]) for row in ladder["rungs"]] == [
        ("rules", "", 1),
        ("repairs", "requirement", 1),
        ("model", "", 1),
    ]
    text = call("status", "-w", known.root).stdout
    assert "repairs: requirement" in text and "1 pull requests without one" in text
    text = call("inspect", "*-1", "-w", known.root).stdout
    assert "tried rules resolve_failed no_version (2.5 s)" in text
    assert "tried model refused malformed (0.0 s) 0.0125 USD" in text
    data = json.loads(call("inspect", "*-1", "-w", known.root, "--json").stdout)
    assert len(data["stages"]["build"]["record"]["attempts"]) == 3


def test_dry_runs(known: Workspace) -> None:
    result = call("build", "--dry-run", "-w", known.root, "--json")
    assert [json.loads(line)["key"] for line in result.stdout.splitlines()] == [
        "sample/words#1",
        "sample/words#3",
    ]
    assert call("extract", "--dry-run", "-w", known.root).exit_code == 3


def test_mine_dry_run_writes_nothing(sample_repo: Path, elsewhere: Path) -> None:
    result = call("mine", sample_repo, "--dry-run", "--json", "--limit", "3")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) >= 3
    assert list(elsewhere.iterdir()) == []


def test_mine(sample_repo: Path, elsewhere: Path) -> None:
    result = call("mine", sample_repo, "--repo", "sample/wordkit", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["stages"]["mine"]["in"] > 10
    assert result.stderr.strip()
    again = call("mine", sample_repo, "--repo", "sample/wordkit", "--json", "-q")
    assert json.loads(again.stdout)["stages"] == json.loads(result.stdout)["stages"]
    assert again.stderr == ""


def test_nothing_matches(sample_repo: Path) -> None:
    assert call("mine", sample_repo, "--since", "2199-01-01").exit_code == 3
    assert call("mine", sample_repo, "--pr", "98765").exit_code == 3


def test_a_second_writer_is_refused(sample_repo: Path, workspace: Workspace) -> None:
    with workspace.lock():
        command = [sys.executable, "-m", "envfactory", "mine", str(sample_repo), "-w", str(workspace.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "another envfactory process" in done.stderr


INTERRUPTED = """
import os, sys, threading, time
from pathlib import Path
from envfactory.commands.interrupt import interruptible
from envfactory.executors import Job, LocalExecutor
import typer
executor = LocalExecutor(2)
gone = threading.Event()
jobs = [Job("build", str(n), str(n), n, None) for n in range(9)]
def work(job):
    os.write(1, b"started\\n")
    gone.wait()
def remove():
    time.sleep(0.5)
    gone.set()
    return 2
try:
    with interruptible(executor, remove):
        for done in executor.map(work, lambda idle: jobs.pop()):
            print("done", flush=True)
except typer.Exit as end:
    sys.exit(end.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_twice(number: signal.Signals) -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = [process.stdout.readline() for _ in range(2)]
        process.send_signal(number)
        time.sleep(0.2)
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert started == ["started\n"] * 2
    assert process.returncode == 130
    assert "the same command continues" in errors and "Traceback" not in errors
    assert output == "", "no job is started after the signal"
