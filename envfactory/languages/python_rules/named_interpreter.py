"""The interpreter that a change itself names: a fix "on Python 3.10" shows nothing on an older one.

Reads only the lines that the change adds.  A version named there counts when it was released by the
date and is newer than what the other rules choose; older ones are named for what they lack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from envfactory.languages.python_rules.releases import RELEASES, SUPPORTED, order
from envfactory.records import Evidence

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

RULE = "the change names it"
PROSE = re.compile(r"\b(?:C?Python|Py)[- ]?3\.(\d{1,2})\b", re.IGNORECASE)
CODE = re.compile(r"\bPY_?3_?(\d{1,2})_?(?:PLUS|\b)|version_info\s*(?:>=|>|<|<=|==)\s*\(\s*3\s*,\s*(\d{1,2})")
READ = (".py", ".rst", ".md", ".txt")
MAX_FILES = 200


def named_interpreter(base: Tree, after: Tree, when: datetime, newer_than: str) -> Evidence | None:
    """The newest version that the added lines name, with the line; ``None`` when there is none."""
    released = {version for version in SUPPORTED if RELEASES[version] <= when.date()}
    best: Evidence | None = None
    for path, number, line in _added_lines(base, after):
        for version in _versions(line):
            newest = best.value if best else newer_than
            if version in released and order(version) > order(newest):
                best = Evidence(
                    choice="interpreter",
                    value=version,
                    file=path,
                    line=number,
                    text=line.strip()[:200],
                    rule=RULE,
                )
    return best


def _versions(line: str) -> Iterator[str]:
    for match in PROSE.finditer(line):
        yield f"3.{int(match.group(1))}"
    for match in CODE.finditer(line):
        yield f"3.{int(match.group(1) or match.group(2))}"


def _added_lines(base: Tree, after: Tree) -> Iterator[tuple[str, int, str]]:
    changed = [path for path in after.paths() if path.endswith(READ) and base.blob(path) != after.blob(path)]
    for path in changed[:MAX_FILES]:
        known = set((base.text(path) or "").splitlines())
        for number, line in enumerate((after.text(path) or "").splitlines(), start=1):
            if line not in known:
                yield path, number, line
