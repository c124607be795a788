"""Patterns that fold whole test folders, names that import errors miss, scope within its budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.extractor.imports import missing_names, told
from envfactory.extractor.protection import folded
from envfactory.extractor.scope import chosen, narrowed
from envfactory.records import Outcome, TestReport, TestResult
from envfactory.trials.protection import is_protected

PATHS = st.lists(st.sampled_from(["a", "b", "[c]", "d*"]), min_size=1, max_size=4).map("/".join)


@given(st.sets(PATHS, max_size=8), st.sets(PATHS, max_size=8))
def test_exactly_the_tests_are_matched(tests: set[str], others: set[str]) -> None:
    others -= tests
    present = sorted({*tests, *others})
    if any(path.startswith(f"{other}/") for path in present for other in present):
        return  # a file cannot be a folder
    patterns = folded(tests, present)
    for path in present:
        assert is_protected(path, patterns) is (path in tests)


def test_new_files_in_test_folders_are_protected() -> None:
    patterns = folded(
        {"tests/a.py", "tests/x/b.py", "src/t_test.py"}, ["tests/a.py", "tests/x/b.py", "src/m.py"]
    )
    assert patterns == ("/src/t_test.py", "/tests/**")
    assert is_protected("tests/new.py", patterns) and not is_protected("src/new.py", patterns)


@pytest.mark.parametrize(
    "message, names",
    [
        ("ImportError: cannot import name 'get_app' from 'flask' (/x/__init__.py)", {"get_app"}),
        ("ImportError: cannot import name get_app", {"get_app"}),
        ("ModuleNotFoundError: No module named 'pkg.new_module'", {"new_module"}),
        ("AttributeError: module 'click' has no attribute 'Ünicode'", {"Ünicode"}),
        ("NameError: name 'foo' is not defined", {"foo"}),
        ("SyntaxError: invalid syntax", set()),
    ],
)
def test_missing_names(message: str, names: set[str]) -> None:
    assert missing_names([message]) == names


def test_told() -> None:
    assert told({"get_app"}, "def get_app() -> App")
    assert not told({"get_app"}, "forget_app()") and not told(set(), "anything")
    assert not told({"a", "b"}, "a")


def test_scope() -> None:
    results = {
        "t.py::a": TestResult(outcome=Outcome.PASSED),
        "r.py::a": TestResult(outcome=Outcome.PASSED, seconds=20),
        "s.py::a": TestResult(outcome=Outcome.SKIPPED),
        "u.py::a": TestResult(outcome=Outcome.PASSED, seconds=20),
        "v.py::a": TestResult(outcome=Outcome.PASSED),
    }
    report = TestReport(image_id="i", state="after", results=results)
    assert chosen(["t.py"], ["r.py", "s.py", "u.py", "v.py", "w.py"], report) == ("t.py", "r.py")
    assert list(narrowed(report, ["t.py", "r.py"]).results) == ["t.py::a", "r.py::a"]
    assert narrowed(report, ["elsewhere.py"]) is report
