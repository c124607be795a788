from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.mining.overlap import Benchmark, Match, keys, patch_digests
from tests.mining.pulls import patch

SOURCE = patch("src/core.py", ["def half(number, divisor):", "    return number / divisor  # exactly half"])
NEWS = patch("CHANGES.rst", ["Half is exact now, at last, for all numbers that there are."])
ROW = {"instance_id": "Acme__maths-7", "repo": "Acme/maths", "base_commit": "b" * 40, "patch": SOURCE}


def found(row: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[str, ...]]:
    return [match.by for match in Benchmark("bench", [theirs]).matches(keys(row))]


def test_all_ways_at_once() -> None:
    match = Benchmark("bench", [{}, ROW]).matches(keys(ROW))
    assert match == [Match("bench", "Acme__maths-7", ("pull_request", "base_commit", "patch"))]


@pytest.mark.parametrize(
    ("theirs", "by"),
    [
        ({"instance_id": "acme__maths-7"}, ["pull_request"]),
        ({"instance_id": "x", "repo": "acme/MATHS", "pull_number": 7}, ["pull_request"]),
        ({"org": "acme", "repo": "maths", "number": "7"}, ["pull_request"]),
        ({"pr_url": "https://host.example/acme/maths/pull/7"}, ["pull_request"]),
        ({"instance_id": "renamed__sums-7", "base_commit": "B" * 40}, ["base_commit"]),
        ({"base": {"sha": "b" * 40}}, ["base_commit"]),
        ({"fix_patch": NEWS + SOURCE.replace("    return", "\treturn")}, ["patch"]),
        ({"instance_id": "acme__maths-77", "repo": "acme/maths"}, []),
        ({"base_commit": "b" * 12}, []),
        ({"patch": NEWS}, []),
    ],
)
def test_each_way_alone(theirs: dict[str, Any], by: list[str]) -> None:
    assert found(ROW, theirs) == ([tuple(by)] if by else [])


def test_more_in_ours_is_another_change() -> None:
    assert found({"patch": SOURCE + NEWS}, {"patch": SOURCE}) == []


def test_tiny_changes_are_not_recognised() -> None:
    assert patch_digests(patch("a.py", ["x = 1"])) == frozenset()


def test_line_numbers_context_and_object_ids_do_not_count() -> None:
    moved = SOURCE.replace("@@ -1,0 +1,2 @@", "@@ -80,0 +91,2 @@ class A:\n ").replace(
        "---", "index 12..34 100644\n---"
    )
    assert patch_digests(moved) == patch_digests(SOURCE)
    assert patch_digests(SOURCE.replace("diff --git a/src/core.py b/src/core.py\n", "")) == patch_digests(
        SOURCE
    )


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    patch_digests(text)
    keys({"instance_id": text, "repo": text, "patch": text, "base_commit": text, "url": text})
