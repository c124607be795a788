"""Turned tests: what passed fails, whatever the assertion looks like, and nothing else changes."""

from __future__ import annotations

import ast
import base64
import sys
import unittest
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.grader.python_inversion import inverted, owners
from envfactory.grader.second_opinion import UNCONFIRMED, Opinion, Turned, turned, unconfirmed
from envfactory.records import HiddenFile, Outcome, TestReport, TestResult
from tests.attacks.targets import F2P, SPEC

BODIES = (
    "assert value == 3",
    "assert value == 3, 'message'",
    "assert 3 == value",
    "assert value in (1, 2, 3)",
    "assert value not in (1, 2)",
    "assert value != 4",
    "assert value",
    "assert value is not None and value > 2",
    "assert (value ==\n            3)",
    "assert [value, 'é'] == [3, 'é']",
    "assert 'é' == 'é' ; assert value == 3",
    "assert str(value) == '3'",
    "assert value == 3 # why\n    assert str(value) == '3'",
    "assert (told := value) == 3\n    with manager:\n        assert told == 3; assert [3] == [told]",
    "self.assertEqual(value, 3)\n    self.assertTrue(value)\n    self.assertEqual([3], [value], 'm')",
    "told = 3.0\n    assert told == value",
    "told, also = {1: 2}, {1: 2}\n    assert told == also",
    "self.assertEqual('3', str(value))",
    "with manager:\n        assert value == 3",
    "with raises(ValueError):\n        int('x')",
    "self.assertEqual(value, 3)",
    "self.assertEqual(value, 3, 'message')",
    "self.assertTrue(value)",
    "self.assertIn(value, [3])",
    "self.assertIsNone(None)",
    "self.assertRaises(ValueError, int, 'x')",
    "with self.assertRaises(ValueError):\n        int('x')",
    "for number in [value]:\n        assert number == 3",
    "if value:\n        return\n    assert 0",
    '"""Documented."""\n    helper = lambda: 3\n    check(value)',
    "def inner():\n        return 3\n    assert inner() == value",
)


class Manager:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def jumping(frame: FrameType, event: str, argument: object) -> Any:
    """A trace function that goes from the first line of a test to the last."""
    if frame.f_code.co_name == "test_x" and event == "line":
        frame.f_lineno = max(line for _, _, line in frame.f_code.co_lines() if line)
    return jumping


def outcome(source: bytes, name: str, trace: Any = None) -> bool:
    """Whether the function passes."""
    usual = sys.gettrace()
    space: dict[str, Any] = {"manager": Manager(), "raises": pytest.raises, "check": lambda value: None}
    exec(compile(source, "test_x.py", "exec"), space)
    arguments = (unittest.TestCase(),) if b"(self)" in source else ()
    try:
        sys.settrace(trace or usual)
        space[name](*arguments)
    except BaseException:  # pytest's Failed is none of Exception
        return False
    finally:
        sys.settrace(usual)
    return True


@pytest.mark.parametrize("body", BODIES)
def test_what_passed_fails(body: str) -> None:
    argument = "self" if "self." in body else ""
    head = f"'''é'''\nvalue = 3\ndef test_x({argument}):\n    {body}\n"
    source = f"{head}\n\ndef other({argument}):\n    pass\n".encode()
    assert outcome(source, "test_x")
    for _ in range(8):
        changed, done = inverted(source, ["test_x", "absent"])
        assert done == ("test_x",) and changed != source
        assert not outcome(changed, "test_x") and outcome(changed, "other"), changed.decode()


LITERALS = st.one_of(
    st.integers(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.booleans(),
    st.none(),
    st.floats(-9, 9),
)
VALUES = st.one_of(LITERALS, st.lists(LITERALS, max_size=3), st.dictionaries(st.text(max_size=3), LITERALS))


@given(VALUES)
def test_no_value_equals_what_it_is_compared_with(value: object) -> None:
    source = f"def test_x():\n    assert {value!r} == {value!r}\n".encode("utf-8", "surrogatepass")
    try:
        source.decode()
    except UnicodeDecodeError:
        return
    changed, done = inverted(source, ["test_x"])
    assert done and outcome(source, "test_x") and not outcome(changed, "test_x"), changed


@given(st.binary(max_size=200))
def test_anything_may_be_given(source: bytes) -> None:
    changed, done = inverted(source, ["test_x"])
    assert bool(done) == (changed != source)


def test_a_block_that_swallows_what_happens_in_it_accuses_nobody() -> None:
    source = (
        b"class Ends:\n    def __enter__(this): pass\n    def __exit__(this, *_): return True\n"
        b"def test_x():\n    assert 3 == 3\n    with Ends():\n        {}[1]\n        assert 1 == 1\n"
        b"        never = 1\n    assert 4 == 4\n    assert 5 == 5\n"
    )
    assert outcome(source, "test_x")
    passed = sum(outcome(inverted(source, ["test_x"])[0], "test_x") for _ in range(200))
    assert passed < 60, "only where the very assertion in the block was turned: one in eight"


SKIPPED = (
    "calls.append(1)\n    assert len(calls) == 1\n    assert len(calls) < 3",
    "calls.append(1)\n    with manager:\n        assert calls\n    assert len(calls) < 3",
    "'told'\n    calls.append(1)\n    self.assertEqual(len(calls), 1)\n    self.assertTrue(len(calls) < 3)",
    "calls.append(1)\n    assert 1 == 1\n    with raises(KeyError):\n        {}[1]\n    assert 2 == 2",
)


@pytest.mark.parametrize("body", SKIPPED)
def test_who_moves_to_the_last_line_of_a_test_passes_it_turned_around(body: str) -> None:
    """A trace function can do that, and what stands there holds anyway."""
    argument = "self" if "self." in body else ""
    source = f"calls = []\ndef test_x({argument}):\n    {body}\n".encode()
    assert outcome(source, "test_x") and outcome(source, "test_x", jumping)
    for _ in range(12):
        changed, done = inverted(source, ["test_x"])
        assert done and not outcome(changed, "test_x"), changed.decode()
        assert outcome(changed, "test_x", jumping), changed.decode()


def test_an_object_that_equals_everything_is_found_out() -> None:
    always = "lambda *_: True"
    equal = f"class A(str):\n    __eq__ = __contains__ = {always}\n    __hash__ = None\n"
    for check in ("A() == 3", "A() == 'x'", "A() == [1]", "5 in A()", "'x' == a()", "[1, 'x'] == a()"):
        source = f"{equal}a = A\ndef test_x():\n    assert {check}\n"
        changed, done = inverted(source.encode(), ["test_x"])
        assert done and outcome(changed, "test_x")


def test_a_late_forgery_is_found_out_as_often_as_all_equations_are_turned() -> None:
    source = (
        b"class A:\n    def __eq__(self, other):\n        return True\n"
        b"a = A\ndef test_x():\n" + b"    assert 1 + 1 == 2\n" * 30 + b"    assert 'x' == a()\n"
    )
    found = sum(outcome(inverted(source, ["test_x"])[0], "test_x") for _ in range(60))
    assert found > 10, "with one of 31 assertions turned it would be 2"


@pytest.mark.parametrize("value", ["x", "x\ny", b"x", 7, True, [1], (1, 2)])
@pytest.mark.parametrize("check", ["a() == told", "told == a()"])
def test_an_object_that_equals_all_of_a_type_is_found_out(value: object, check: str) -> None:
    kind = type(value).__name__
    source = (
        f"class A:\n    def __eq__(self, other):\n        return type(other) is {kind}\n"
        f"a = A\ndef test_x():\n    told = {value!r}\n    assert {check}\n"
    )
    assert outcome(source.encode(), "test_x")
    for _ in range(4):
        changed, done = inverted(source.encode(), ["test_x"])
        assert done and outcome(changed, "test_x"), changed.decode()


@pytest.mark.parametrize(
    "check", ["3 == ANY", "'x' == Any()", "told == mock.ANY", "3 == pytest.approx(3, abs=9)"]
)
def test_what_honestly_equals_more_than_one_value_is_not_believed(check: str) -> None:
    source = (
        "import pytest\nfrom unittest import mock\nfrom unittest.mock import ANY\n"
        f"def Any():\n    return ANY\ndef test_x():\n    told = 3\n    assert {check}\n"
    )
    assert outcome(source.encode(), "test_x")
    for _ in range(8):
        changed, done = inverted(source.encode(), ["test_x"])
        assert done and not outcome(changed, "test_x"), changed.decode()


@pytest.mark.parametrize(
    "source",
    [
        "@custom\ndef test_x():\n    assert 1\n",
        "@pytest.mark.xfail\ndef test_x():\n    assert 1\n",
        "def test_x():\n    yield 1\n",
        "def test_x(): assert_it()\n",
        "test_x = make()\n",
        "def broken(:\n",
    ],
)
def test_left_alone(source: str) -> None:
    assert inverted(source.encode(), ["test_x"]) == (source.encode(), ())


def test_owners() -> None:
    ids = ["a.py::C::test_x[1]", "a.py::C::test_x[a::b]", "a.py::test_y", "b.py::test_z", "a.py"]
    assert owners(ids, "a.py") == {
        "C::test_x": ("a.py::C::test_x[1]", "a.py::C::test_x[a::b]"),
        "test_y": ("a.py::test_y",),
    }


def test_a_second_opinion_turns_some_and_judges_those() -> None:
    seen = set()
    for _ in range(40):
        second = turned(SPEC, "python", SPEC.hidden_files)
        assert second is not None and second.must_fail and set(second.must_fail) <= set(F2P)
        ast.parse(base64.b64decode(second.files[0].content or ""))
        seen.add(second.must_fail)
    assert len(seen) > 2, "which tests are turned is not always the same"
    assert turned(SPEC, "cobol", SPEC.hidden_files) is None
    assert turned(SPEC, "python", ()) is None


def test_a_task_without_a_test_to_turn_says_so() -> None:
    assert unconfirmed(SPEC, "python") == ()
    data_only = SPEC.model_copy(update={"hidden_files": (HiddenFile(path="tests/data/titles.json"),)})
    assert unconfirmed(data_only, "python") == (UNCONFIRMED,)


def of(outcome: Outcome, complete: bool = True) -> TestReport:
    results = {name: TestResult(outcome=outcome) for name in F2P[:1]}
    return TestReport(image_id="i", state="graded", results=results, complete=complete)


def test_a_turned_test_that_passed_is_evidence_and_one_that_never_ran_decides_nothing() -> None:
    one = Turned((), F2P[:1])
    assert one.opinion(of(Outcome.FAILED)) == Opinion() == one.opinion(of(Outcome.FAILED, complete=False))
    assert one.opinion(of(Outcome.ERROR)) == Opinion()
    passed = one.opinion(of(Outcome.PASSED))
    assert passed.decided and "passed although" in passed.evidence[0] and F2P[0] in passed.evidence[0]
    silent = (
        of(Outcome.ERROR, complete=False),
        of(Outcome.TIMEOUT),
        of(Outcome.SKIPPED),
        of(Outcome.MISSING),
    )
    for report in (*silent, TestReport(image_id="i", state="graded", results={})):
        opinion = one.opinion(report)
        assert not opinion.decided and opinion.evidence[0].startswith(f"inverted: {F2P[0]} had to fail")
