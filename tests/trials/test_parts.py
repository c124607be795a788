"""The parts of a trial that need no container: patterns, canaries, staging, and how reports are filled."""

from __future__ import annotations

import base64
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.records import HiddenFile, Limits, Outcome, TestResult
from envfactory.trials.canary import canary
from envfactory.trials.outcome import Ending, Label, report_of
from envfactory.trials.protection import dropped_paths, exactly, exclusions, is_protected, unquoted
from envfactory.trials.staging import Staging, checked
from tests.tiny_image import COLLECTOR

LABEL = Label("image", "after", 1, Limits())


@pytest.mark.parametrize(
    "path, patterns, expected",
    [
        ("conftest.py", ["conftest.py"], True),
        ("a/b/conftest.py", ["conftest.py"], True),
        ("a/conftest.py/b", ["conftest.py"], True),
        ("myconftest.py", ["conftest.py"], False),
        ("tests/a/b.txt", ["tests/**"], True),
        ("src/tests/a", ["tests/**"], False),
        ("src/tests/a", ["**/tests/**"], True),
        ("tests/a", ["**/tests/**"], True),
        ("setup.cfg", ["setup.cfg", "!/setup.cfg"], False),
        ("sub/setup.cfg", ["setup.cfg", "!/setup.cfg"], True),
        ("a.pth", ["*.pth"], True),
        ("docs/conftest.py", ["!docs/*", "conftest.py"], False),
    ],
)
def test_patterns(path: str, patterns: list[str], expected: bool) -> None:
    assert is_protected(path, patterns) is expected


@given(st.text(alphabet="ab/*?[]!.", min_size=1, max_size=8), st.text(alphabet="ab/*?[]!.", max_size=8))
def test_exactly_matches_one_path(path: str, other: str) -> None:
    assert is_protected(path, [exactly(path)])
    assert is_protected(other, [exactly(path)]) is (other == path)


def test_git_understands_exclusions(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    names = ["a[1]*.py", "b?.py", "c\\d.py", "keep.py", "a1x.py"]
    patch = "".join(
        f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n"  # noqa: E501
        for name in names
    )
    argv = ["git", "apply", *exclusions(names[:3]), "-"]
    subprocess.run(argv, cwd=tmp_path, check=True, input=patch.encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", "a1x.py", "keep.py"]


def test_renames_away_from_protected_paths_are_dropped() -> None:
    patch = 'rename from "tests/\\303\\251.py"\nrename to x.py\ncopy from a.py\ncopy to b.py\n'
    assert dropped_paths(["x.py", "b.py", "c.py"], patch, ["tests/**"]) == ("x.py",)
    assert unquoted('"a\\tb\\"c"') == 'a\tb"c' and unquoted("plain") == "plain"


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../b", "", ".git/config", "a//b", ".."])
def test_hidden_files_stay_inside(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        checked(path)


def test_staging_is_made_anew_for_every_run() -> None:
    one, two = Staging(COLLECTOR), Staging(COLLECTOR)
    assert len({one.folder, two.folder, one.name, two.name, one.key, two.key}) == 6
    assert one.collector_args() == ["-p", one.name]
    hidden = (HiddenFile(path="a b/é", content=base64.b64encode(b"x").decode()), HiddenFile(path="gone"))
    files = one.place_files(hidden)
    content = files[f"{one.folder}/hidden.tar"]
    assert isinstance(content, bytes)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.getnames() == ["a b/é"]
    script = files[f"{one.folder}/place.sh"]
    assert isinstance(script, bytes) and b"gone . gone" in script


def test_canaries() -> None:
    one, two = (canary(("function", "unittest"), ["a/test_x.py", "b/test_y.py", "c.rst"]) for _ in range(2))
    assert one is not None and two is not None and one.path != two.path and one.path.startswith("b/test_")
    compile(one.source, one.path, "exec")
    real = {"a/test_x.py::t": TestResult(outcome=Outcome.PASSED)}
    good = {name: TestResult(outcome=outcome) for name, outcome in one.expected.items()}
    assert one.split({**real, **good}) == (real, ())
    bent = {name: TestResult(outcome=Outcome.PASSED) for name in one.expected}
    assert one.split(bent)[1] == (
        "canary:function: must be failed, was passed",
        "canary:unittest: must be failed, was passed",
    )
    assert canary((), ["a.py"]) is None and canary(("function",), ["a.rst"]) is None


def test_a_report_that_never_came() -> None:
    report = report_of(b"", b"k", "n", Ending(4, output="usage"), LABEL, None)
    assert not report.complete and not report.results and not report.tampered and report.exit_code == 4
    odd = report_of(b"\0\n", b"k", "n", Ending(0), LABEL, None)
    assert odd.tampered and not odd.complete
