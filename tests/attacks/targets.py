"""A small task that attacks are tried on: two functions, four tests, three of which fail at base."""

from __future__ import annotations

import base64

from envfactory.attacks import Target
from envfactory.records import HiddenFile, Limits, Outcome, RewardSpec, SpeedTerm
from tests.tiny_image import COMMAND

CALC = "def add(a, b):\n    return a if b == 0 else 7\n\n\ndef name(a):\n    return a\n"
FIXED = 'def add(a, b):\n    return a + b\n\n\ndef name(a):\n    return f"<{a}>"\n'
TEST = """\
import unittest

import pytest

from calc import add, name


class TestSum(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(add(1, 2), 3)


def test_add():
    assert add(1, 2) == 3


def test_zero():
    assert add(1, 0) == 1


@pytest.mark.parametrize("text", ["a", "b c"])
def test_name(text):
    assert name(text) == "<" + text + ">"
"""
MODULE = "tests/test_calc.py"
FILES = {
    "calc.py": CALC,
    MODULE: "def test_old():\n    pass\n",
    "pyproject.toml": '[project]\nname = "calc"\n',
}
F2P = tuple(
    f"{MODULE}::{name}" for name in ("TestSum::test_sum", "test_add", "test_name[a]", "test_name[b c]")
)
P2P = (f"{MODULE}::test_zero",)
GOLD = """\
diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,6 +1,6 @@
 def add(a, b):
-    return a if b == 0 else 7
+    return a + b
{blank}
{blank}
 def name(a):
-    return a
+    return f"<{a}>"
""".replace("{blank}", " ")
PROTECTED = (
    "conftest.py",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "tests/**",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    "pytest.py",
    "*.egg-info/**",
    "!pyproject.toml",
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPEC = RewardSpec(
    instance_id="o__n-1",
    fail_to_pass=dict.fromkeys(F2P, "f2p"),
    pass_to_pass=dict.fromkeys(P2P, "p2p"),
    expected=dict.fromkeys((*F2P, *P2P), Outcome.PASSED),
    test_command=COMMAND,
    test_modules=(MODULE,),
    hidden_files=(HiddenFile(path=MODULE, content=encoded(TEST)),),
    protected=PROTECTED,
    shared_files=(HiddenFile(path="pyproject.toml", content=encoded(FILES["pyproject.toml"])),),
    canaries=("function", "unittest", "runner"),
    limits=Limits(memory_mb=256, pids=48, disk_mb=128, run_seconds=10, test_seconds=3, output_bytes=1 << 16),
    speed=SpeedTerm(baseline_seconds=(1.0,)),
)
TARGET = Target("o__n-1", "python", SPEC, GOLD, {path: text.encode() for path, text in FILES.items()})
