"""Checks of the test runner that run along with the real tests: canaries, and a watch on its functions.

A patch that bends the test runner bends tests of known outcome too: one that must fail passes, or one
that must pass does not report.  Two kinds, because a runner treats them by different code: plain
functions and ``unittest`` cases.  A third kind, ``runner``, is the collector's comparison of the runner's
own functions with what they were.  Judges no real test.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from envfactory.records import HiddenFile, Outcome, TestResult
from envfactory.trials import canary_tests

RUNNER = "runner"
KINDS: Mapping[str, tuple[str, ...]] = {"python": (canary_tests.FUNCTION, canary_tests.CASE, RUNNER)}
"""Kinds of check per language, all that it has; a task keeps those that its gold runs passed."""


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
        words = {name: str(result.outcome) for name, result in results.items()}
        return real, tuple(canary_tests.wrong({"expected": self.expected, "kinds": self.kinds}, words))


def canary(kinds: Sequence[str], modules: Sequence[str]) -> Canary | None:
    """A canary module for the folder of the last of ``modules``, or ``None`` where none fits."""
    made = canary_tests.write(kinds, modules)
    if made is None:
        return None
    expected = {name: Outcome(word) for name, word in made["expected"].items()}
    return Canary(made["path"], made["source"], expected, made["kinds"])


def bent(kinds: Sequence[str], altered: Sequence[str]) -> tuple[str, ...]:
    """Evidence that functions of the runner were changed, where the gold run changes none."""
    if RUNNER not in kinds:
        return ()
    return tuple(f"canary:{RUNNER}: {name} was changed while the tests ran" for name in altered)
