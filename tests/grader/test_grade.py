"""Grading in real containers: gold, empty, wrong, cheating and broken patches, and a broken machine."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from envfactory.engine import Engine
from envfactory.grader import GradeSubject, grade
from envfactory.records import HiddenFile, Limits, Outcome, RewardSpec, SpeedTerm
from tests.tiny_image import COMMAND, tiny_image
from tests.trials.test_run_trial import FIX, adding

pytestmark = pytest.mark.docker

TEST = """\
from calc import add
def test_add():
    assert add(1, 2) == 3
def test_zero():
    assert add(1, 0) == 1
"""
PYPROJECT = '[project]\nname = "calc"\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n'


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def subject(engine: Engine) -> GradeSubject:
    image = tiny_image(
        engine,
        {
            "calc.py": "def add(a, b):\n    return a - b\n",
            "tests/test_calc.py": TEST.replace("3", "-1"),
            "pyproject.toml": PYPROJECT,
        },
    )
    f2p, p2p = "tests/test_calc.py::test_add", "tests/test_calc.py::test_zero"
    spec = RewardSpec(
        instance_id="o__n-1",
        fail_to_pass={f2p: "f2p"},
        pass_to_pass={p2p: "p2p"},
        expected={f2p: Outcome.PASSED, p2p: Outcome.PASSED},
        test_command=COMMAND,
        test_modules=("tests/test_calc.py",),
        hidden_files=(HiddenFile(path="tests/test_calc.py", content=encoded(TEST)),),
        protected=(
            "conftest.py",
            "tests/**",
            "pytest.ini",
            "sitecustomize.py",
            "pytest.py",
            "!pyproject.toml",
        ),
        shared_files=(HiddenFile(path="pyproject.toml", content=encoded(PYPROJECT)),),
        canaries=("function", "unittest"),
        limits=Limits(memory_mb=512, pids=64, run_seconds=30, test_seconds=5),
        speed=SpeedTerm(baseline_seconds=(1.0,)),
    )
    return GradeSubject(image=image, reward_spec=spec)


def test_gold_and_empty(engine: Engine, subject: GradeSubject) -> None:
    gold = grade(engine, subject, FIX)
    assert gold.resolved and gold.value == 1.0 and not gold.tampered and gold.fault is None, gold
    assert gold.speed is not None and 0 < gold.speed < 1 and gold.detail == ""
    empty = grade(engine, subject, "")
    assert empty.value == 0.0 and not empty.resolved and empty.fail_to_pass_rate == 0.0
    assert empty.pass_to_pass_rate == 1.0 and empty.fault is None and empty.speed == 0.0
    assert empty.tests["tests/test_calc.py::test_add"] is Outcome.FAILED
    assert grade(engine, subject, FIX.replace("a + b", "b - a"), mode="graded").value == 0.0


HOOK = (
    "import pytest",
    "@pytest.hookimpl(hookwrapper=True)",
    "def pytest_runtest_makereport(item, call):",
    "    out = yield",
    "    out.get_result().outcome = 'passed'",
)
CHEATS = {
    "conftest": adding("conftest.py", *HOOK) + adding("tests/conftest.py", *HOOK),
    "sitecustomize": adding("sitecustomize.py", "import os", "os._exit(0)"),
    "shadow": adding("pytest.py", "raise SystemExit(0)"),
    "ini": adding("pytest.ini", "[pytest]", "addopts = -p evil") + adding("evil.py", *HOOK),
    "pyproject": (
        "diff --git a/pyproject.toml b/pyproject.toml\n--- a/pyproject.toml\n+++ b/pyproject.toml\n"
        '@@ -4,2 +4,3 @@\n [tool.pytest.ini_options]\n pythonpath = ["."]\n+addopts = "-p evil"\n'
    )
    + adding("evil.py", *HOOK),
    "exit": (
        "diff --git a/calc.py b/calc.py\n--- a/calc.py\n+++ b/calc.py\n@@ -1,2 +1,4 @@\n"
        "+import os\n+os._exit(0)\n def add(a, b):\n     return a - b\n"
    ),
    "new tests": adding("tests/test_calc2.py", "def test_add():", "    pass"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheats_gain_nothing(engine: Engine, subject: GradeSubject, name: str) -> None:
    reward = grade(engine, subject, CHEATS[name])
    assert reward.value == 0.0 and not reward.resolved and reward.fault is None
    if name != "exit":
        honest = grade(engine, subject, FIX + CHEATS[name])
        assert honest.resolved, honest


def test_hooks_in_the_program_itself_are_noticed(engine: Engine, subject: GradeSubject) -> None:
    patch = """\
diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,4 @@
+import _pytest.python
+_pytest.python.Function.runtest = lambda self: None
 def add(a, b):
     return a - b
"""
    reward = grade(engine, subject, patch)
    assert not reward.resolved and reward.value == 0.0 and reward.tampered, reward
    assert any(line.startswith("canary:function") for line in reward.evidence)


def test_patches_at_fault_and_machines_at_fault(engine: Engine, subject: GradeSubject) -> None:
    broken = grade(engine, subject, "nonsense\n")
    assert broken.value == 0.0 and broken.fault is None and broken.evidence == ("patch_does_not_apply",)
    gone = grade(engine, replace(subject, image="envfactory/no-such-image:1"), FIX, attempts=1)
    assert gone.value is None and gone.fault == "image_missing" and not gone.resolved
    hungry = FIX.replace("a + b", "len([bytearray(1 << 20) for _ in iter(int, 1)])")
    starved = grade(engine, subject, hungry)
    assert starved.value == 0.0 and starved.fault is None and "out of memory" in starved.detail
