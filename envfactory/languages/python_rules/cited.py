"""A value together with the file and line it was read from.

Every choice of the Python rules can be traced to a line of the repository; these two classes carry
the trace from the parsers to the ``Evidence`` records.  Nothing is interpreted here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from envfactory.records import Evidence


@dataclass(frozen=True)
class Cited:
    """``value`` as found at ``file:line``."""

    value: str
    file: str = ""
    line: int = 0
    text: str = ""

    def evidence(self, choice: str, rule: str = "", value: str | None = None) -> Evidence:
        """The record for provenance; ``value`` replaces the value as read where a rule changed it."""
        return Evidence(
            choice=choice,
            value=self.value if value is None else value,
            file=self.file,
            line=self.line,
            text=self.text[:200],
            rule=rule,
        )

    def with_value(self, value: str) -> Cited:
        """The same place, read differently."""
        return Cited(value, self.file, self.line, self.text)


@dataclass(frozen=True)
class Source:
    """One text file of the tree, able to say on which line something stands."""

    path: str
    content: str

    @cached_property
    def lines(self) -> list[str]:
        """Without line ends."""
        return self.content.splitlines()

    def cite(self, value: str, *needles: str, rule_line: int = 0) -> Cited:
        """``value`` with the first line that holds a needle (or the value itself), looked for in order.

        A needle narrows the search: each is looked for from the line of the one before, so
        ``cite("pytest", "extras_require", "pytest")`` finds the one below the heading.
        """
        if rule_line:
            return self._at(value, rule_line)
        at = 0
        for needle in (*needles, value):
            found = self._find(needle, max(at, 1))
            if found:
                at = found
        return self._at(value, at)

    def cite_all(self, values: Iterable[str], *needles: str) -> tuple[Cited, ...]:
        """``cite`` for each value."""
        return tuple(self.cite(value, *needles) for value in values)

    def _find(self, needle: str, start: int) -> int:
        if not needle:
            return 0
        for number, line in enumerate(self.lines[start - 1 :], start):
            if needle in line:
                return number
        return 0

    def _at(self, value: str, line: int) -> Cited:
        text = self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""
        return Cited(value, self.path, line, text)
