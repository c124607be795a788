"""Tests of known outcome with random names, run among the real ones.

A patch that bends the test runner bends these too: one that must fail passes, or one that must pass
does not report.  Two kinds, because a runner treats them by different code: plain functions and
``unittest`` cases.  Judges no real test.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from envfactory.records import HiddenFile, Outcome, TestResult

FUNCTION, CASE = "function", "unittest"
KINDS: Mapping[str, tuple[str, ...]] = {"python": (FUNCTION, CASE)}
"""Kinds of canary per language, all that it has."""


@dataclass(frozen=True)
class Canary:
    """One module of canary tests: where it stands, what it says and what must come of it."""

    path: str
    source: bytes
    expected: Mapping[str, Outcome] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Test id -> kind."""

    @property
    def file(self) -> HiddenFile:
        """The module as a hidden file: it comes in the same way as the real ones."""
        return HiddenFile(path=self.path, content=base64.b64encode(self.source).decode("ascii"))

    def split(self, results: Mapping[str, TestResult]) -> tuple[dict[str, TestResult], tuple[str, ...]]:
        """The real results, and one line of evidence per canary that did not do what it must."""
        real = {name: result for name, result in results.items() if name.partition("::")[0] != self.path}
        wrong = []
        for name, outcome in self.expected.items():
            found = results[name].outcome if name in results else Outcome.MISSING
            if found != outcome:
                wrong.append(f"canary:{self.kinds[name]}: must be {outcome}, was {found}")
        return real, tuple(wrong)


def canary(kinds: Sequence[str], modules: Sequence[str]) -> Canary | None:
    """A canary module for the folder of the last of ``modules``, or ``None`` where none fits."""
    python = [module for module in modules if module.endswith(".py")]
    if not kinds or not python:
        return None
    folder, slash, _ = python[-1].rpartition("/")
    path = f"{folder}{slash}test_{_word()}.py"
    lines = ["import unittest", ""]
    expected: dict[str, Outcome] = {}
    owner: dict[str, str] = {}
    for kind in kinds:
        good, bad, case = f"test_{_word()}", f"test_{_word()}", f"Test{_word().title()}"
        value = secrets.randbelow(10**6)
        if kind == CASE:
            lines += [f"class {case}(unittest.TestCase):"]
            lines += [f"    def {good}(self):", f"        self.assertEqual({value} + 1, {value + 1})"]
            lines += [f"    def {bad}(self):", f"        self.assertEqual({value} + 1, {value})", ""]
            prefix = f"{path}::{case}::"
        else:
            lines += [f"def {good}():", f"    assert {value} + 1 == {value + 1}", ""]
            lines += [f"def {bad}():", f"    assert {value} + 1 == {value}", ""]
            prefix = f"{path}::"
        expected |= {prefix + good: Outcome.PASSED, prefix + bad: Outcome.FAILED}
        owner |= {prefix + good: kind, prefix + bad: kind}
    return Canary(path, "\n".join(lines).encode(), expected, owner)


def _word() -> str:
    """A pronounceable name that no rule tells from a real one."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(5))
