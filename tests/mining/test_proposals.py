"""What issues say about the fix: proposed code goes, reports and examples stay, links lose their targets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.mining.boilerplate import without_boilerplate
from envfactory.mining.leaks import Leaks, squeezed
from envfactory.mining.links import without_remote_links
from envfactory.mining.proposals import ANNOUNCED, PROPOSED, proposals
from envfactory.mining.prose import blocks, tidy
from envfactory.mining.statement import Statement, write_statement
from envfactory.records import Issue
from tests.mining.pulls import patch, pull

GOLD = (
    "diff --git a/src/pack/core.py b/src/pack/core.py\n--- a/src/pack/core.py\n+++ b/src/pack/core.py\n"
    '@@ -1,2 +1,2 @@\n def half(number):\n-    out = out or ""\n+    out = default(out)\n'
)
TESTS = patch("tests/test_half.py", ["def test_half_of_zero():"])
CODE = "```python\ndef half(number):\n    out = number\n    return divide(out)\n```"


def written(body: str) -> Statement:
    issue = Issue(number=6, title="half is broken", body=f"{body}\n\nIt has been like this since 2.0.")
    found = write_statement(pull(issues=(issue,)), changelog="", tests=TESTS, gold=GOLD)
    assert isinstance(found, Statement), found
    return found


@pytest.mark.parametrize(
    "announcement",
    [
        "fix would be",
        "**Fix:** Skip it when `out is None`:",
        "Suggested fix:",
        "It crashes for zero. A possible fix could be:",
        "I think the fix is to handle it first",
        "This can be fixed by checking it first:",
        "I fixed it locally with",
        "To solve it, I applied the following patch:",
        "The following change works for me:",
        "Suggested fix:\n\nChange the second line of `half`.",
    ],
)
def test_code_that_is_announced_as_a_fix_goes(announcement: str) -> None:
    found = written(f"It fails for zero.\n\n{announcement}\n{CODE}")
    assert "divide(out)" not in found.text and announcement not in found.text
    assert found.text.startswith("# Half is broken\n\nIt fails for zero.\n\nIt has been like this since 2.0.")
    assert {part.why for part in found.parts if not part.used} >= {ANNOUNCED, PROPOSED}


@pytest.mark.parametrize(
    "before",
    [
        "To reproduce:",
        "This was not fixed in 2.0. Here is an example:",
        "Reverting to 1.0 also fixes the problem.",
        "This change addresses the issue by dividing.\n\nExample script:",
        "I applied version 2.0.1, a patch release, and it fails again:",
        "Suggested fix: look at zero first.\n\n## To reproduce",
    ],
)
def test_other_code_stays(before: str) -> None:
    assert "divide(out)" in written(f"It fails for zero.\n\n{before}\n\n{CODE}").text


def test_a_diff_of_what_the_gold_patch_changes_goes() -> None:
    shown = (
        '```diff\n def half(number):\n-      out = out or ""\n+      out = "" if out is None else out\n```'
    )
    found = written(f"See this.\n\n{shown}")
    assert "is None else" not in found.text
    assert [part.text for part in found.parts if part.why == PROPOSED] == [shown]
    output = "```diff\n- expected\n+ got, which is wrong\n```"
    assert output in written(output).text


@given(st.lists(st.sampled_from(["fix:", CODE, "", "words of it", "## Part", "- item", "```diff\n+a\n```"])))
def test_only_blocks_of_the_text_are_named(parts: list[str]) -> None:
    found = blocks("\n".join(parts))
    named = proposals(found, Leaks(TESTS, GOLD))
    assert set(named) <= set(range(len(found)))
    assert set(named.values()) <= {ANNOUNCED, PROPOSED}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "See [here](https://host.example/o/n/blob/0123456789ab/src/x.py#L4-L5).",
            "See [here](src/x.py#L4-L5).",
        ),
        ("See https://host.example/fork/N/tree/main/src/x.py?plain=1#L4.", "See src/x.py#L4."),
        ("<https://host.example/o/n/raw/v1/a.txt>", "<a.txt>"),
        (
            "[x](https://host.example/o/other/blob/main/a.py)",
            "[x](https://host.example/o/other/blob/main/a.py)",
        ),
        ("broke [here](https://host.example/o/n/commit/0123456789#diff-1): so", "broke here: so"),
        (
            "broke in [#12](https://host.example/o/n/pull/12)",
            "broke in [#12](https://host.example/o/n/pull/12)",
        ),
        ("see [the docs](https://docs.example/api/#x)", "see [the docs](https://docs.example/api/#x)"),
    ],
)
def test_links_that_a_task_cannot_follow(line: str, expected: str) -> None:
    assert without_remote_links(line, "o/n") == expected


def test_links_in_a_statement() -> None:
    found = written("The line is [this](https://host.example/o/n/blob/0123456789abcdef/src/pack/core.py#L2).")
    assert "The line is [this](src/pack/core.py#L2)." in found.text


@pytest.mark.parametrize("said", ["{pr}`7`", ":pull:`#7`", "PR: 7"])
def test_the_pull_request_is_named_in_any_markup(said: str) -> None:
    assert Leaks(TESTS, GOLD, pull()).found(f"solved, {said}") == "names the pull request that solves it"
    assert said not in written(f"It was solved in the end, {said}.").text


def test_labels_of_a_form_stay_with_their_answers() -> None:
    form = "Environment:\n\n- Python version:\n- Pack version:\n\nAnything else to add:\n"
    templates = frozenset(squeezed(line) for line in form.split("\n") if line)
    answered = "Environment:\n\n- Python version: 3.9\n- Pack version:\n\nAnything else to add:\n"
    kept = "Environment:\n\n- Python version: 3.9\n"
    assert without_boilerplate(answered, templates)[0].strip() == kept.strip()
    assert without_boilerplate(form, templates)[0].strip() == ""


def test_code_keeps_its_blank_lines() -> None:
    code = "```\na\n\n\nb  \n```"
    assert tidy(f"x\n\n\n\n{code}\n\n\ny".split("\n")) == f"x\n\n{code}\n\ny"
    assert code in written(f"As follows.\n\n{code}").text


def test_what_an_issue_says_twice_is_said_twice() -> None:
    body = "- Python 3.9\n- Pack version 2\n\nand\n\n- Python 3.10\n- Pack version 2"
    assert body in written(body).text


@pytest.mark.parametrize("text", ["[", "[a](https://h.example/", "https://h.example/a/b/blob/", "a fix "])
def test_hostile_text_costs_no_time(text: str) -> None:
    began = time.monotonic()
    line = text * 5000
    without_remote_links(line, "o/n")
    proposals([[line], ["```", line, "```"]], Leaks(TESTS, GOLD))
    proposals([[text * (200 // len(text))], ["```", "```"]], Leaks(TESTS, GOLD))
    assert time.monotonic() - began < 2
