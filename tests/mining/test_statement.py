from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.languages.protocol import FileKind
from envfactory.mining.changelog import entries
from envfactory.mining.leaks import Leaks
from envfactory.mining.license import license_of
from envfactory.mining.prose import blocks, clean_line, clean_title, is_noise, strip_credit
from envfactory.mining.split import split

TESTS = (
    "diff --git a/tests/test_x.py b/tests/test_x.py\n--- a/tests/test_x.py\n+++ b/tests/test_x.py\n"
    "@@ -1 +1,2 @@ def test_old():\n+def test_new():\n+    assert f(1)\n"
)
SOURCE = (
    "+++ b/x.py\n+    if value is None: value = default(1)\n+    Use this in order to find the (right) one.\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "Co-authored-by: A <a@b.c>", "Signed-off-by: A <a@b.c>", "Closes #12", "fixes #1, #2", "---------",
        "- [x] I read the guide", "* fix tests", "* Apply suggestions from code review", "flake8", "wip",
        "Merge branch 'main' into x", "[pre-commit.ci] auto fixes", "https://host.example/o/n/issues/3",
        "I can open a PR for this.", "If that is OK, I'll open a pull request", "What do you think?",
        "Happy to submit a PR if this makes sense.", "Hi all,", "Fixes #.",
        "Update README.md", "(cherry picked from commit 0123456789abcdef)", "<a@users.example.org>", "typo",
    ],
)  # fmt: skip
def test_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize(
    "line",
    ["I would expect it to make a request", "Hello is printed twice",
     "Fix crash on empty input", "Add tests for nothing but the parser too", "Closes the file", "",
     "Update the parser", "* Raise ValueError", "Fixes #12 by closing the file early",
     "Bug: the parser fails on empty input"],
)  # fmt: skip
def test_descriptions_stay(line: str) -> None:
    assert not is_noise(line)


def test_references_go_and_markup_becomes_markdown() -> None:
    assert clean_line("Use :func:`~pack.core.double` here. (:issue:`12`, :pr:`13`)").startswith(
        "Use `pack.core.double` here"
    )
    assert clean_line("``x`` fails (#12), see #13.") == "`x` fails."
    assert clean_title("Fix #616: allow setting it") == "Allow setting it"
    assert clean_title("fix: the return type (#3)") == "Fix: the return type"
    assert clean_line("Use {meth}`Pack.double`. {issue}`12` {pr}`13`").startswith("Use `Pack.double`.")
    assert clean_line("see https://host.example/a/b/blob/0123456789abcdef/c.py#L3 there") == (
        "see https://host.example/a/b/blob/0123456789abcdef/c.py#L3 there"
    )
    assert clean_title("half_of(1, 0) crashes") == "half_of(1, 0) crashes"
    assert clean_title("pack.half crashes") == "pack.half crashes"
    assert clean_title("readFile crashes") == "readFile crashes"
    assert strip_credit("Faster now. Thanks to @someone.") == "Faster now."


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[1.0.x] Join lines", "[1.0.x] Join lines"),
        ("[1.0.x] Join lines (#12)", "[1.0.x] Join lines"),
        ("[fix #8, 1.0.x] Join lines", "[1.0.x] Join lines"),
        ("[:issue:`3` 1.0.x] Join lines", "[1.0.x] Join lines"),
        ("[Fixes #8] [1.0.x] Join lines", "[1.0.x] Join lines"),
        ("Fix #8 [1.0.x] Join lines", "[1.0.x] Join lines"),
        ("[https://host.example/o/n/pull/3] Join lines", "Join lines"),
        ("Join lines (of one text, see #3)", "Join lines (of one text)"),
        ("Join lines [fixes #3, 1.0.x]", "Join lines [1.0.x]"),
        ("Join lines (:issue:`12`, :pr:`13`)", "Join lines"),
        ("Join lines (:issue:`12` by :user:`x`)", "Join lines"),
        ("Join lines -- by :user:`x`", "Join lines"),
        ("Join lines (#12 by @x and @y)", "Join lines"),
        ("Join lines (by hand)", "Join lines (by hand)"),
        ("[WIP] Join lines", "Join lines"),
    ],
)
def test_brackets_of_a_title_stay_or_go_in_pairs(title: str, expected: str) -> None:
    assert clean_title(title) == expected


@given(st.text(max_size=300))
def test_any_text_is_survived_and_kept_in_order(text: str) -> None:
    assert "\n".join(line for block in blocks(text) for line in block) == text
    for line in text.split("\n"):
        is_noise(line)
        clean_line(line)
        clean_title(line)
        strip_credit(line)


def test_hostile_lines_cost_no_time() -> None:
    for hostile in ("http://" * 120 + " x", "#1 " * 300 + "x", "- " * 400, "fix " * 200, "(" * 900):
        is_noise(hostile)
        clean_line(hostile)
        strip_credit(hostile)


def test_leaks() -> None:
    leaks = Leaks(TESTS, SOURCE)
    assert leaks.found("see test_new") == leaks.found("and test_old()") == "names a hidden test"
    assert leaks.found("in the tests of x") == ""
    assert leaks.found("look at test_x.py") == "names a file of the hidden tests"
    assert leaks.found("- `if value is None: value = default(1)`") == "is a line of the solution"
    assert leaks.found("Use this in order to find the (right) one.") == "is a line of the solution"
    assert leaks.found("Use this in order to find one.") == ""
    assert leaks.found("the value may be None") == ""


def test_changelog_entries_without_headings() -> None:
    patch = (
        "diff --git a/CHANGES.rst b/CHANGES.rst\n--- a/CHANGES.rst\n+++ b/CHANGES.rst\n@@ -1 +1,8 @@\n"
        "+Version 2.0\n+-----------\n+\n+Unreleased\n+\n+-   Handle zero and\n+    none alike.\n"
        "-an old entry whith a typo\n"
        "+an old entry with a typo\n"
    )
    assert entries(patch) == [("CHANGES.rst", "Handle zero and\nnone alike.")]
    several = patch.replace(
        "+    none alike.\n", "+    none alike.\n+\n+    -   Also lists.\n+-   Handle one.\n"
    )
    assert entries(several.replace("+1,8", "+1,11")) == [
        ("CHANGES.rst", "-   Handle zero and\n    none alike.\n\n    -   Also lists.\n-   Handle one.")
    ]
    nested = patch.replace("+    none alike.\n", "+    none alike.\n+\n+    -   Also lists.\n")
    assert entries(nested.replace("+1,8", "+1,10")) == [
        ("CHANGES.rst", "Handle zero and\nnone alike.\n\n-   Also lists.")
    ]
    assert entries("") == []


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(list(FileKind))))
def test_every_path_is_in_exactly_one_part(kinds: dict[str, FileKind]) -> None:
    parts = split(kinds)
    assert sorted([*parts.gold, *parts.tests, *parts.dropped]) == sorted(kinds)
    assert set(parts.code) <= set(parts.gold)


class Files:
    """Just enough of a tree."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def paths(self) -> list[str]:
        return sorted(self._files)

    def text(self, path: str) -> str | None:
        return self._files.get(path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"LICENSE": "Permission is hereby granted, free of charge, to any\nperson obtaining a copy"}, "MIT"),
        ({"LICENSE.APACHE": "Apache License\n  Version 2.0",
          "LICENSE.BSD": "Redistributions in binary form must reproduce"},
         "Apache-2.0 OR BSD-2-Clause"),
        ({"setup.cfg": "    License :: OSI Approved :: BSD License\n"}, "BSD-3-Clause"),
        ({"pyproject.toml": 'license = {text = "MIT"}\n'}, "MIT"),
        ({"LICENSE": "All rights reserved."}, ""),
    ],
)  # fmt: skip
def test_licences(files: dict[str, str], expected: str) -> None:
    assert license_of(Files(files)) == expected  # type: ignore[arg-type]
