from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.mining.messages import (
    branch_title,
    mention,
    merge_title,
    squash_title,
    strip_numbers,
)


@pytest.mark.parametrize(
    ("subject", "number", "branch"),
    [
        ("Merge pull request #12 from owner/fix/branch", 12, "fix/branch"),
        ("Merge PR #7", 7, ""),
        ("Auto merge of #88 - someone:topic, r=boss", 88, "topic"),
        ("Merge #41", 41, ""),
        ("Fix a thing (#5)", 5, ""),
        ("Fix a thing (#4) (#5)", 5, ""),
        ("bpo-1: Fix (GH-99)", 99, ""),
        ("Merge stable into main (#2799)", 2799, ""),
        ("Merge branch 'x' into 8.1.x (#3)", 3, ""),
    ],
)
def test_forms_of_merge_buttons_and_bots(subject: str, number: int, branch: str) -> None:
    found = mention(subject)
    assert found is not None
    assert (found.number, found.branch) == (number, branch)


@pytest.mark.parametrize(
    "subject",
    [
        "Fix #12",
        "Fixes issue (#12) in the parser",
        'Revert "Fix a thing (#5)"',
        "Merge branch 'main' into topic (#9)",
        "Merge branch 'main'",
        "Nothing (#0)",
        "Nothing (#99999999999999)",
        "",
    ],
)
def test_what_names_no_pull_request(subject: str) -> None:
    assert mention(subject) is None


@given(st.text(max_size=200))
def test_any_subject_is_survived(subject: str) -> None:
    found = mention(subject)
    assert found is None or found.number > 0
    strip_numbers(subject)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="#()\n\r…"), max_size=60),
    st.integers(1, 9_999_999),
)
def test_squash_subject_round_trip(title: str, number: int) -> None:
    title = " ".join(title.split())
    found = mention(f"{title} (#{number})")
    if not title.lower().startswith("merge "):
        assert found is not None
        assert found.number == number
    assert squash_title(f"{title} (#{number})", "") == (title, "")


def test_titles() -> None:
    assert merge_title("A title (#3)\n\nMore\ntext", 3) == ("A title", "More\ntext")
    assert merge_title("12: A title r=me a=you", 12) == ("A title", "")
    assert merge_title("  ", 12) == ("", "")
    assert squash_title("A very long ti… (#3)", "…tle\n\nBody") == ("A very long title", "Body")
    assert branch_title("fix/some-thing_here") == "Some thing here"
