"""Trials in real containers: what becomes of patches, hidden files, and tests that misbehave."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from envfactory.engine import Engine
from envfactory.errors import TrialError
from envfactory.records import HiddenFile, Limits, Outcome
from envfactory.trials import PatchError, run_trial
from tests.tiny_image import plan, tiny_image

pytestmark = pytest.mark.docker

CALC = "def add(a, b):\n    return a - b\n"
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(1, 0) == 1\n"  # noqa: E501
FIX = """\
diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def add(a, b):
-    return a - b
+    return a + b
"""
SMALL = Limits(memory_mb=512, pids=64, disk_mb=256, test_seconds=3, run_seconds=20)


def hidden(path: str, content: str | None, mode: str = "100644") -> HiddenFile:
    encoded = None if content is None else base64.b64encode(content.encode()).decode()
    return HiddenFile(path=path, content=encoded, mode=mode)  # type: ignore[arg-type]


def adding(path: str, *lines: str, mode: str = "100644") -> str:
    """A patch that adds one file."""
    body = "".join(f"+{line}\n" for line in lines)
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1,{len(lines)} @@\n{body}" + (
        "\\ No newline at end of file\n" if mode == "120000" else ""
    )


@pytest.fixture(scope="module")
def image(engine: Engine) -> str:
    files = {
        "calc.py": CALC,
        "tests/conftest.py": "import sys\nsys.path.insert(0, '/testbed')\n",
        "tests/test_calc.py": TEST,
        "tests/data/old.txt": "old\n",
        "tests/test_old.py": "def test_old():\n    pass\n",
        "crlf.txt": "one\r\ntwo\r\n",
    }
    return tiny_image(engine, files)


def outcomes(report: object) -> dict[str, str]:
    return {name: str(result.outcome) for name, result in report.results.items()}  # type: ignore[attr-defined]


def test_before_and_after(engine: Engine, image: str, tmp_path: Path) -> None:
    before = run_trial(
        engine, plan(image, "tests/test_calc.py"), state="before", log=tmp_path / "a" / "b.log"
    )
    assert outcomes(before) == {
        "tests/test_calc.py::test_add": "failed",
        "tests/test_calc.py::test_zero": "passed",
    }
    assert before.complete and before.exit_code == 1 and before.cpu_seconds > 0 and not before.tampered
    assert "test_add" in (tmp_path / "a" / "b.log").read_text()
    after = run_trial(engine, plan(image, "tests/test_calc.py", patch=FIX), state="after", attempt=2)
    assert set(outcomes(after).values()) == {"passed"} and after.exit_code == 0 and after.attempt == 2


def test_hidden_files_come_last_and_replace_what_is_in_their_way(engine: Engine, image: str) -> None:
    check = """\
import os, pathlib
def test_tree():
    assert pathlib.Path("tests/new dir/é.txt").read_text() == "new"
    assert not os.path.islink("tests/new dir") and not os.path.exists("tests/data/old.txt")
    assert os.access("tests/run.sh", os.X_OK) and os.readlink("tests/link") == "run.sh"
    assert os.listdir("/tmp/elsewhere") == ["keep"]
"""
    plant = adding("tests/new dir", "/tmp/elsewhere", mode="120000") + adding("tests/run.sh/inner", "x")
    files = (
        hidden("tests/test_tree.py", check),
        hidden("tests/new dir/é.txt", "new"),
        hidden("tests/run.sh", "#!/bin/sh\n", "100755"),
        hidden("tests/link", "run.sh", "120000"),
        hidden("tests/data/old.txt", None),
        hidden("tests/new dir2/gone", None),
    )
    planted = plan(
        image,
        "tests/test_tree.py",
        patch=plant,
        hidden_files=files,
        rebuild_steps=("mkdir /tmp/elsewhere && touch /tmp/elsewhere/keep",),
    )
    report = run_trial(engine, planted, state="graded")
    assert outcomes(report) == {"tests/test_tree.py::test_tree": "passed"}, report.output_tail


@pytest.mark.parametrize(
    "patch",
    [
        "this is no patch\n",
        FIX.replace("a - b", "a * b"),
        adding("../outside.py", "x = 1"),
        adding(".git/hooks/pre-commit", "x"),
        FIX[:-30],
    ],
    ids=["garbage", "mismatch", "traversal", "dot git", "cut"],
)
def test_patches_that_do_not_apply(engine: Engine, image: str, patch: str) -> None:
    with pytest.raises(PatchError) as caught:
        run_trial(engine, plan(image, "tests/test_calc.py", patch=patch), state="graded")
    assert caught.value.cause == "patch_does_not_apply" and not caught.value.retryable


def test_protected_paths_and_crlf(engine: Engine, image: str) -> None:
    crlf = "diff --git a/crlf.txt b/crlf.txt\n--- a/crlf.txt\n+++ b/crlf.txt\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n"  # noqa: E501
    evil = adding("conftest.py", "raise SystemExit") + adding("tests/t[1]*.py", "x = 1")
    renamed = (
        "diff --git a/tests/conftest.py b/moved.py\nsimilarity index 100%\n"
        "rename from tests/conftest.py\nrename to moved.py\n"
    )
    check = hidden(
        "tests/test_now.py",
        "import os\ndef test_now():\n    assert open('crlf.txt', newline='').read() == 'one\\r\\n2\\r\\n'\n"
        "    assert not os.path.exists('tests/t[1]*.py') and not os.path.exists('moved.py')\n"
        "    assert os.path.exists('tests/conftest.py')\n",
    )
    guarded = plan(
        image,
        "tests/test_now.py",
        "tests/test_calc.py",
        patch=FIX + crlf + evil + renamed,
        protected=("conftest.py", "tests/**"),
        hidden_files=(check,),
    )
    report = run_trial(engine, guarded, state="graded")
    assert set(outcomes(report).values()) == {"passed"} and len(report.results) == 3, report.output_tail


def test_shared_files_are_spliced(engine: Engine, image: str) -> None:
    seen: list[tuple[str, bytes | None]] = []

    def splice(path: str, mine: bytes | None, gold: bytes) -> bytes:
        seen.append((path, mine))
        return gold

    shared = plan(
        image,
        "tests/test_calc.py",
        patch=adding("pytest.ini", "[pytest]", "addopts = --co"),
        protected=("conftest.py",),
        shared={"pytest.ini": b"[pytest]\n"},
        splice=splice,
    )
    report = run_trial(engine, shared, state="graded")
    assert seen == [("pytest.ini", b"[pytest]\naddopts = --co\n")] and len(report.results) == 2


def test_canaries_tell_when_the_runner_is_bent(engine: Engine, image: str) -> None:
    honest = plan(image, "tests/test_calc.py", canaries=("function", "unittest"))
    report = run_trial(engine, honest, state="graded")
    assert not report.tampered and len(report.results) == 2 and report.exit_code == 1
    evil = adding(
        "conftest.py",
        "import pytest",
        "@pytest.hookimpl(hookwrapper=True)",
        "def pytest_runtest_makereport(item, call):",
        "    out = yield",
        "    report = out.get_result()",
        "    report.outcome = 'passed'",
    )
    bent = plan(image, "tests/test_calc.py", patch=evil, canaries=("function", "unittest"))
    report = run_trial(engine, bent, state="graded")
    assert report.tampered == (
        "canary:function: must be failed, was passed",
        "canary:unittest: must be failed, was passed",
    )


BAD_RUNS = {
    "exit": ("import os\n    os._exit(0)", "error"),
    "segfault": ("import ctypes\n    ctypes.string_at(0)", "error"),
    "hang": ("import time\n    time.sleep(60)", "timeout"),
    "deaf": ("import signal, time\n    signal.pthread_sigmask(0, [14])\n    time.sleep(99)", "timeout"),
    "memory": ("x = []\n    while True: x.append(bytearray(1 << 20))", "error"),
    "forks": (
        "import os, time\n    while True:\n        try: os.fork()\n        except OSError: time.sleep(.01)",
        "timeout",
    ),
    "disk": (
        "f = open('/tmp/x%d' % 0, 'wb')\n    i = 0\n    while True:\n        f.write(bytes(1 << 20)); i += 1\n"  # noqa: E501
        "        if i % 100 == 0: f = open('/tmp/x%d' % i, 'wb')",
        "error",
    ),
    "flood": ("import os\n    while True: os.write(1, b'x' * 65536)", "timeout"),
    "kill all": ("import os\n    os.kill(-1, 9)", "error"),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_runs_that_end_badly_are_results(engine: Engine, image: str, case: str) -> None:
    body, expected = BAD_RUNS[case]
    source = f"def test_1():\n    pass\ndef test_2():\n    {body}\ndef test_3():\n    pass\n"
    bad = plan(image, "tests/test_bad.py", hidden_files=(hidden("tests/test_bad.py", source),), limits=SMALL)
    if case == "flood":
        bad = replace(bad, test_command=(*bad.test_command, "-s"))
    report = run_trial(engine, bad, state="graded")
    if case == "kill all":
        assert not report.complete
        return
    found = outcomes(report)
    assert found["tests/test_bad.py::test_1"] == "passed"
    assert found["tests/test_bad.py::test_2"] == expected, report
    if case == "forks":  # on a busy machine it may starve what follows it; it never outlives its limits
        starved = {"passed", "missing"} if not report.complete else {"passed"}
        assert found.get("tests/test_bad.py::test_3", "missing") in starved
        assert report.seconds < 40 and not report.tampered
        return
    if case in ("hang", "flood"):
        assert report.complete and found["tests/test_bad.py::test_3"] == "passed"
        return
    assert not report.complete and not report.tampered
    assert report.results["tests/test_bad.py::test_3"].outcome is Outcome.MISSING
    assert report.out_of_memory is (case == "memory")
    assert report.seconds < 40


def test_a_failing_rebuild_is_the_patchs_fault(engine: Engine, image: str) -> None:
    broken = plan(image, "tests/test_calc.py", patch=FIX, rebuild_steps=("echo wrong >&2; false",))
    with pytest.raises(PatchError) as caught:
        run_trial(engine, broken, state="graded")
    assert caught.value.cause == "rebuild_failed" and "wrong" in caught.value.log


def test_trouble_with_the_machine_is_an_error(engine: Engine) -> None:
    with pytest.raises(TrialError) as caught:
        run_trial(engine, plan("envfactory/no-such-image:1", "tests/test_calc.py"), state="before")
    assert caught.value.cause == "image_missing"
