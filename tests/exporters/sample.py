"""A task by hand: a tiny project with a real git history, and the records that a production would make."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from envfactory.records import (
    BuiltImage,
    Candidate,
    Environment,
    EnvironmentSpec,
    HiddenFile,
    Outcome,
    PullRequest,
    RewardSpec,
    StatementPart,
    Task,
    TestReport,
    TestResult,
    Toolchain,
)

WHEN = datetime(2024, 3, 5, 12, tzinfo=UTC)

SOURCE = "def half(number):\n    return number // 2\n\n\ndef double(number):\n    return number * 2\n"
FIXED = SOURCE.replace("//", "/")
TESTS = """\
from maths import double, half


def test_double():
    assert double(2) == 4


def test_half_even():
    assert half(4) == 2
"""
NEW_TESTS = TESTS + "\n\ndef test_half_odd():\n    assert half(3) == 1.5\n"
BASE = {
    "maths.py": SOURCE,
    "tests/test_maths.py": TESTS,
    "tests/conftest.py": "",
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
}
MODULE = "tests/test_maths.py"


def git(directory: Path, *args: str) -> str:
    """Run git with fixed identity and dates."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "e", f"GIT_{who}_EMAIL": "e@x", f"GIT_{who}_DATE": "2024-01-01T00:00:00Z"}
    done = subprocess.run(["git", *args], cwd=directory, env=env, check=True, capture_output=True, text=True)
    return done.stdout


def repository(directory: Path) -> Path:
    """The project at its base, one root commit."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in BASE.items():
        put(directory / name, text)
    git(directory, "init", "-q", "-b", "main")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "base")
    return directory


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def patch(directory: Path, changes: dict[str, str]) -> str:
    """Diff of ``changes`` to the base; leaves the work tree as it was."""
    for name, text in changes.items():
        put(directory / name, text)
    git(directory, "add", "-A")
    text = git(directory, "diff", "--cached", "--binary", "--full-index", "--no-renames")
    git(directory, "reset", "-q", "--hard")
    return text


def source_bundle(repo: Path, destination: Path) -> Path:
    git(repo, "bundle", "create", "-q", str(destination), "HEAD", "main")
    return destination


def hidden(path: str, content: bytes, mode: Any = "100644") -> HiddenFile:
    return HiddenFile(path=path, mode=mode, content=base64.b64encode(content).decode())


def reward_spec(**changes: Any) -> RewardSpec:
    fields: dict[str, Any] = {
        "instance_id": "acme__maths-7",
        "fail_to_pass": {f"{MODULE}::test_half_odd": "n2p"},
        "pass_to_pass": {f"{MODULE}::test_double": "p2p", f"{MODULE}::test_half_even": "p2p"},
        "expected": {
            f"{MODULE}::{name}": Outcome.PASSED for name in ("test_double", "test_half_even", "test_half_odd")
        },
        "runs": {"before": 3, "after": 3},
        "test_command": ("python", "-m", "pytest", "-q"),
        "test_modules": (MODULE,),
        "hidden_files": (hidden(MODULE, NEW_TESTS.encode()),),
        "protected": ("tests/**", "conftest.py", "**/conftest.py", "pytest.ini"),
    }
    return RewardSpec(**{**fields, **changes})


def candidate(repo: Path, **changes: Any) -> Candidate:
    pull = PullRequest(
        repo="acme/maths",
        number=7,
        title="half() must not round",
        base_commit="b" * 40,
        head_commit="abcdef1234" + "0" * 30,
        merge_commit="c" * 40,
        merge_kind="merge",
        created_at=WHEN,
        merged_at=WHEN,
        source="git",
    )
    fields: dict[str, Any] = {
        "pull_request": pull,
        "language": "python",
        "base_tree": git(repo, "rev-parse", "HEAD^{tree}").strip(),
        "after_tree": "d" * 40,
        "gold_patch": patch(repo, {"maths.py": FIXED}),
        "test_patch": patch(repo, {MODULE: NEW_TESTS, "tests/data/neü.txt": "new\n"}),
        "source_files": ("maths.py",),
        "test_files": (MODULE, "tests/data/neü.txt"),
        "test_modules": (MODULE,),
        "problem_statement": "half(3) is 1, it should be 1.5. See abcdef1234.",
        "statement_parts": (
            StatementPart(source="title", origin="acme/maths#7", text="half() must not round"),
        ),
        "license": "MIT",
        "task_type": "bug_fix",
    }
    return Candidate(**{**fields, **changes})


TOOLCHAIN = Toolchain(
    name="python",
    version="3.11",
    executable="/opt/python/3.11/bin/python3.11",
    provider="host",
    image="envfactory/python:3.11-x",
)


def environment(repo: Path, **changes: Any) -> Environment:
    fields: dict[str, Any] = {
        "language": "python",
        "toolchain": TOOLCHAIN,
        "test_command": ("python", "-m", "pytest", "-q"),
        "cutoff": WHEN,
        "repo": "acme/maths",
        "base_commit": "b" * 40,
        "source_digest": "s" * 64,
    }
    spec = EnvironmentSpec(**{**fields, **changes})
    image = BuiltImage(
        tag=f"envfactory/acme__maths-7:{spec.image_digest[:12]}",
        spec_digest=spec.digest,
        image_id="sha256:" + "1" * 64,
        seconds=2.5,
        integrity={"head": git(repo, "rev-parse", "HEAD").strip()},
    )
    return Environment(spec=spec, image=image, seconds={"build": 2.5})


def report(state: Any, attempt: int, seconds: float = 0.1) -> TestReport:
    results = {f"{MODULE}::test_double": TestResult(outcome=Outcome.PASSED, seconds=seconds)}
    return TestReport(
        image_id="sha256:1",
        state=state,
        attempt=attempt,
        results=results,
        complete=True,
        exit_code=0,
        seconds=seconds,
    )


def sample_task(
    repo: Path, *, seconds: float = 0.1, built: Environment | None = None, **changes: Any
) -> Task:
    """The whole task; ``changes`` go to the reward spec."""
    return Task(
        candidate=candidate(repo),
        environment=built or environment(repo),
        reward_spec=reward_spec(**changes),
        reports=(report("before", 1, seconds), report("after", 1, seconds)),
    )
