"""The classes of DESIGN's rules, by example and by property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.extractor.classify import NO_OUTCOME, Classes, Runs, broken_modules, classify, words
from envfactory.records import Outcome, State, TestReport, TestResult

MODULE = "tests/test_m.py"
TEST = f"{MODULE}::test_x"


def report(
    state: State, results: Mapping[str, str], errors: Sequence[str] = (), complete: bool = True
) -> TestReport:
    return TestReport(
        image_id="i",
        state=state,
        results={name: TestResult(outcome=Outcome(word)) for name, word in results.items()},
        collection_errors=dict.fromkeys(errors, "ImportError: cannot import name 'new'"),
        complete=complete,
    )


def one(base: str, before: str, after: str = "passed", same: bool = True, other: bool = True) -> Classes:
    """Classify one test beside one that is f2p (so that nothing becomes import_only)."""

    def state(name: State, word: str) -> TestReport:
        if word == "uncollectable":
            return report(name, {}, [MODULE])
        if word == "not reached":
            return report(name, {TEST: "missing"}, complete=False)
        if word == "module skipped":
            return report(name, {MODULE: "skipped"})
        extra = {"t.py::o": "failed" if name == "before" else "passed"} if other else {}
        return report(name, extra if word == "absent" else {TEST: word, **extra})

    runs = Runs((state("base", base),), (state("before", before),) * 2, (state("after", after),) * 2)
    return classify(runs, lambda tests: dict.fromkeys(tests, same))


@pytest.mark.parametrize(
    "base, before, same, expected",
    [
        ("passed", "passed", True, "p2p"),
        ("failed", "passed", True, "p2p"),
        ("passed", "failed", True, "f2p"),
        ("passed", "error", True, "f2p"),
        ("passed", "timeout", True, "f2p"),
        ("xfailed", "xfailed", True, "f2p"),
        ("skipped", "skipped", True, "s2p"),
        ("absent", "module skipped", True, "s2p"),
        ("absent", "absent", True, "n2p"),
        ("absent", "uncollectable", True, "n2p"),
        ("absent", "not reached", True, "n2p"),
        ("passed", "uncollectable", False, "f2p"),
        ("failed", "uncollectable", True, "f2p"),
        ("skipped", "uncollectable", True, "s2p"),
        ("passed", "not reached", True, "b2p"),
    ],
)
def test_table(base: str, before: str, same: bool, expected: str) -> None:
    found = one(base, before, same=same)
    lists = {**found.fail_to_pass, **found.pass_to_pass}
    assert lists[TEST] == expected and not found.import_only
    assert (TEST in found.pass_to_pass) is (expected in ("p2p", "b2p"))


def test_uncollectable_and_nothing_but_b2p_is_import_only() -> None:
    found = one("passed", "uncollectable", other=False)
    assert found.import_only and found.fail_to_pass == {TEST: "b2p"} and not found.pass_to_pass
    before = report("before", {"t.py::o": "failed"}, [MODULE])
    both = report("after", {TEST: "passed", "t.py::o": "passed"})
    runs = Runs((report("base", {TEST: "passed", "t.py::o": "passed"}),), (before,), (both,))
    mixed = classify(runs, lambda tests: dict.fromkeys(tests, True))
    assert (
        not mixed.import_only
        and mixed.pass_to_pass == {TEST: "b2p"}
        and list(mixed.fail_to_pass) == ["t.py::o"]
    )


@pytest.mark.parametrize("word", ["failed", "skipped", "xfailed", "xpassed", "error", "timeout"])
def test_what_does_not_pass_in_the_gold_run_is_excluded(word: str) -> None:
    found = one("passed", "failed", word)
    assert found.excluded[TEST] == f"gold run: {word}" and TEST not in found.fail_to_pass
    assert found.expected[TEST] == word


def test_odd_ones_are_excluded_with_reason() -> None:
    assert one("passed", "xpassed").excluded[TEST] == "before: xpassed"
    assert one("passed", "absent").excluded[TEST] == "base: passed"


def test_random_ids_are_flaky_under_a_stable_name() -> None:
    first, second = (report("after", {f"{MODULE}::t[<X at 0x7f{n}c0>]": "passed"}) for n in ("aa01", "bb22"))
    found = classify(Runs((), (report("before", {}),), (first, second)), lambda tests: {})
    assert found.flaky == {f"{MODULE}::t[<X at *>]": ("absent", "passed")} and not found.fail_to_pass


def test_base_that_cannot_be_collected_is_the_environments_fault() -> None:
    runs = Runs((report("base", {}, [MODULE]),), (), ())
    assert list(broken_modules(runs)) == [MODULE]


NAMES = [f"{module}::{test}" for module in ("m.py", "n.py") for test in ("a", "b")]
RESULTS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([outcome.value for outcome in Outcome]))
REPORTS = st.builds(
    lambda results, broken, complete: report(
        "after",
        {name: word for name, word in results.items() if name.partition("::")[0] not in broken},
        sorted(broken),
        complete,
    ),
    RESULTS,
    st.sets(st.sampled_from(["m.py", "n.py"])),
    st.booleans(),
)
MANY = st.lists(REPORTS, min_size=1, max_size=3).map(tuple)


@given(st.lists(REPORTS, max_size=1).map(tuple), MANY, MANY, st.booleans())
def test_properties(
    base: tuple[TestReport, ...], before: tuple[TestReport, ...], after: tuple[TestReport, ...], same: bool
) -> None:
    runs = Runs(base, before, after)
    found = classify(runs, lambda tests: dict.fromkeys(tests, same))
    lists = (found.fail_to_pass, found.pass_to_pass, found.flaky, found.excluded)
    assert sum(map(len, lists)) == len({name for group in lists for name in group})
    assert {name for group in lists for name in group} == {name for one in after for name in one.results}
    for name in (*found.fail_to_pass, *found.pass_to_pass):
        assert words(after, name) == ("passed",) and len(words(before, name)) == 1
    for name, transition in found.fail_to_pass.items():
        assert words(before, name) != ("passed",)
        assert (transition == "b2p") is found.import_only
    for name, transition in found.pass_to_pass.items():
        if transition == "p2p":
            assert words(before, name) == ("passed",)
        else:
            assert words(base, name) == ("passed",) and same and words(before, name)[0] in NO_OUTCOME
    for name, seen in found.flaky.items():
        assert len(seen) > 1 and name in NAMES
    again = classify(Runs(base, before[::-1], after[::-1]), lambda tests: dict.fromkeys(tests, same))
    assert again == found
