"""Statements from issues: what is taken, what is left out and why, and that nothing leaks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envfactory.mining.boilerplate import PICTURE, without_boilerplate
from envfactory.mining.hints import hints
from envfactory.mining.leaks import squeezed, trivial
from envfactory.mining.statement import Statement, write_statement
from envfactory.records import Comment, Issue
from tests.mining.pulls import WHEN, patch, pull

GOLD = patch(
    "src/pack/core.py",
    [
        "def half(number, divisor=2):",
        "    if divisor == 0:",
        "        raise ValueError('divisor')",
        "import warnings",
    ],
    kept=("result = compute(number)",),
)
TESTS = patch(
    "tests/test_half.py",
    ["class TestHalf:", "    def test_half_of_zero(self):", "        assert half(0) == 0"],
)
CHANGELOG = patch(
    "changes/7.bugfix.rst", ["``half`` refuses a divisor of zero. :issue:`6` by :user:`someone`"]
)

BODY = """\
<!-- Thank you for the report! -->
### Describe the bug

`half(1, 0)` crashes with a `ZeroDivisionError`, but a clear message was expected.

![shot](https://host.example/shot.png)

### To reproduce

```python
import warnings
from pack.core import half

def test_half_of_zero():
    half(1, 0)
```

```diff
+def half(number, divisor=2):
+    if divisor == 0:
```

### Additional context

_No response_

### Checklist

- [x] I searched

### Workaround

Fixed by #7, see https://host.example/o/n/pull/7 for that. Compare abcdef1234abc too.

Call it with `divisor == 0` never: `if divisor == 0:` is what is missing.

Use 2 instead.
"""


def written(**fields: Any) -> Statement:
    found = write_statement(
        pull(**fields), changelog=CHANGELOG, tests=TESTS, gold=GOLD, templates=frozenset({"Use2instead."})
    )
    assert isinstance(found, Statement), found
    return found


def test_the_issue_comes_first_and_the_rest_has_reasons() -> None:
    issue = Issue(number=6, title="half(1, 0) crashes", body=BODY)
    found = written(issues=(issue,), body="I rewrote `half` so that it checks the divisor.")
    assert found.text == (
        "# half(1, 0) crashes\n\n"
        "### Describe the bug\n\n"
        "`half(1, 0)` crashes with a `ZeroDivisionError`, but a clear message was expected.\n\n"
        "### To reproduce\n\n"
        "```python\nimport warnings\nfrom pack.core import half\n\n"
        "def test_example():\n    half(1, 0)\n```\n\n"
        "## Changelog entry of this change\n\n"
        "`half` refuses a divisor of zero.\n"
    )
    why = {part.text.split("\n")[0]: part.why for part in found.parts if not part.used}
    assert why["![shot](https://host.example/shot.png)"] == PICTURE
    assert why["```diff"] == "proposes a fix"
    assert why["### Checklist"] == "a section of a form"
    assert why["Use 2 instead."] == "a line of the repository's template"
    assert why["def test_half_of_zero():"] == "names a hidden test; shown under another name"
    assert why["I rewrote `half` so that it checks the divisor."] == "the issue says what is wanted"
    assert why["Use the divisor"] == "the issue says what is wanted"
    assert [part.source for part in found.parts if part.used] == ["issue", "issue", "changelog"]
    assert {part.origin for part in found.parts if part.source == "issue"} == {"issue 6"}


def test_an_issue_that_says_little_is_completed_by_the_pull_request() -> None:
    found = written(issues=(Issue(number=6, title="half is broken", body="#5"),), body="It should refuse.")
    assert found.text == (
        "# Half is broken\n\nUse the divisor\n\n`half` refuses a divisor of zero.\n\nIt should refuse.\n"
    )


def test_several_issues() -> None:
    more = Issue(number=8, title="double fails too", body="With a `TypeError` for every text that is empty.")
    first = Issue(
        number=6, title="half is broken", body="It crashes for all numbers that are odd and negative."
    )
    text = written(issues=(first, more)).text
    assert text.startswith("# Half is broken\n\nIt crashes")
    assert "\n\n## Double fails too\n\nWith a" in text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("This was solved by #7 in the end of the week.", "names the pull request that solves it"),
        ("This was solved by o/n#7 in the end of the week.", "names the pull request that solves it"),
        ("Commit abcdef1 solved it in the end of the week.", "names a commit that solves it"),
        ("Look at tests/test_half.py for all that is wanted.", "names a file of the hidden tests"),
        ("The case of Test_half_of_zero is all that is wanted.", "names a hidden test"),
        ("Write raise ValueError('divisor') there and all is well.", "is a line of the solution"),
        ("I added some tests for that.", "tells about the tests"),
        ("Tests added.", "tells about the tests"),
    ],
)
def test_what_leaks_is_left_out(said: str, why: str) -> None:
    found = written(body=f"A first paragraph.\n\n{said}\n\nother/repo#7 and x/n#77 are of no matter.")
    assert "A first paragraph" in found.text and "of no matter" in found.text
    assert said not in found.text
    assert [part.why for part in found.parts if part.text == said] == [why]


def test_only_the_sentence_that_leaks_is_left_out() -> None:
    found = written(body="It should refuse zero at once.\nSee test_half_of_zero. Otherwise\nnothing changes.")
    assert "It should refuse zero at once. Otherwise nothing changes.\n" in found.text
    assert [part.text for part in found.parts if part.why == "names a hidden test"] == [
        "See test_half_of_zero."
    ]


def test_a_long_log_is_cut_after_a_paragraph() -> None:
    log = "\n\n".join(f"A paragraph of a long log, number {number}." for number in range(1000))
    found = written(body=log)
    assert len(found.text) < 13_000 and "number 9." in found.text and "number 999." not in found.text
    assert "too long for a description" in {part.why for part in found.parts}


def test_empty_sections_vanish_with_their_answers() -> None:
    text = "## A\n\n### B\n\n_No response_\n\n### C\n\nSaid.\n\n📋 **Due**\n\n## E\n\n```\n# no heading\n```"
    assert (
        re.sub(r"\n+", "\n", without_boilerplate(text)[0])
        == "## A\n### C\nSaid.\n## E\n```\n# no heading\n```"
    )


@pytest.mark.parametrize("heading", ["Testing", "How has this been tested?", "Tests added", "**Test plan**"])
def test_sections_about_tests(heading: str) -> None:
    title = heading if heading.startswith("*") else f"## {heading}"
    kept, removed = without_boilerplate(f"## Why\n\nSo.\n\n{title}\n\nBy hand.\n\n## Else\n\nMore.")
    assert "By hand" not in kept and "More." in kept
    assert [why for _, why in removed] == ["tells about the tests"]


def test_hints_are_what_was_said_before() -> None:
    def comment(body: str, author: str = "someone", minutes: int = -5) -> Comment:
        return Comment(author=author, created_at=WHEN + timedelta(minutes=minutes), body=body)

    comments = (
        comment("It also happens with negative numbers."),
        comment("Coverage went up.", author="codecov[bot]"),
        comment("It is merged now.", minutes=5),
        comment("See test_half_of_zero for the details."),
    )
    found = hints(pull(issues=(Issue(number=6, comments=comments),)), tests=TESTS, gold=GOLD)
    assert found.text == "It also happens with negative numbers."
    assert [part.why for part in found.parts] == [
        "written by a bot", "written after the pull request", "names a hidden test",
    ]  # fmt: skip
    assert {part.source for part in found.parts} == {"comment"}


# -- nothing leaks ---------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "the",
        "value",
        "is",
        "wrong",
        "when",
        "half",
        "of",
        "x",
        "returns",
        "None",
        "#",
        "-",
        "*",
        ">",
        "`",
        "##",
    ]
)
PROSE = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)
CODE = st.one_of(
    st.sampled_from(
        ["    return number / divisor", "if x is None: # why", "# Half of the value", "- the value is wrong",
         "}", "    else:", "import os", "from a import b", "`x` = half(x)", "The value is wrong for None."]
    ),
    st.from_regex(r" {0,8}[a-z_]{1,9}(?: = |\(|: )[a-z ]{1,12}[)\]:,.]?", fullmatch=True),
    PROSE,
)  # fmt: skip
NAME = st.from_regex(r"test_[a-z]{1,6}(?:_[A-Z]{1,3})?", fullmatch=True)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[str], list[str], Any]:
    """(added lines, names of tests, a pull request whose texts are full of both)."""
    added = draw(st.lists(CODE, min_size=1, max_size=6))
    names = draw(st.lists(NAME, min_size=1, max_size=3))
    fences = st.sampled_from(["", "```", "```diff", "## Part", "**Part**", "", "> ", "<details>", "    "])
    quoted = st.sampled_from([*added, *names]).flatmap(
        lambda said: st.sampled_from(
            [said, said.strip(), f"- {said}", f"see {said} there", f"`{said.strip()}`", said.upper(),
             f"``{said}``", said.replace(" ", "\n", 1), f"{said} (#12)"]
        )
    )  # fmt: skip
    text = st.lists(st.one_of(quoted, PROSE, fences), max_size=9).map("\n".join)
    line = st.one_of(quoted, PROSE).map(lambda said: said.replace("\n", " "))
    issue = st.builds(Issue, number=st.just(6), title=line, body=text)
    fields = {
        "title": draw(line),
        "body": draw(text),
        "issues": tuple(draw(st.lists(issue, max_size=2))),
        "commits": tuple(
            {"sha": "c" * 40, "subject": draw(line), "body": draw(text)}
            for _ in range(draw(st.integers(0, 2)))
        ),
        "merge_kind": "merge",
    }
    return added, names, pull(**fields)


@settings(max_examples=400, deadline=None)
@given(stories(), st.lists(PROSE, max_size=3))
def test_no_statement_holds_an_added_line_or_a_hidden_test(story: Any, changes: list[str]) -> None:
    """Neither as it stands nor otherwise indented; ``trivial`` says which lines give nothing away."""
    added, names, one = story
    gold = patch("src/x.py", added)
    tests = patch("tests/test_x.py", [f"def {name}():" for name in names])
    found = write_statement(one, changelog=patch("changes/1.rst", changes), tests=tests, gold=gold)
    if isinstance(found, str):
        return
    for line in added:
        if not trivial(line):
            assert line.strip() not in found.text
            assert not any(squeezed(line) in squeezed(shown) for shown in found.text.split("\n"))
    for name in names:
        assert not re.search(rf"\b{name}\b", found.text, re.IGNORECASE)
    said = hints(one, tests=tests, gold=gold).text
    assert not any(
        squeezed(line) in squeezed(shown) for line in added if not trivial(line) for shown in said.split("\n")
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [("}", True), ("    return None", True), ("import collections.abc", True), ("from a.b import c, d", True),
     ("Example usage here", True), ("some_long_name_of_it,", True), ("value = compute(1)", False),
     ("if value is None:", False), ("The value must be given.", False)],
)  # fmt: skip
def test_trivial_lines(line: str, expected: bool) -> None:
    assert trivial(line) is expected
