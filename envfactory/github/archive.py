"""What GitHub told about the pull requests of one repository, page by page on disk.

    <cache>/github/<host>/repositories/<owner>/<name>/
      00000001.json.gz   one page: its rows, and which part of which list it is
      checked.json       the latest update that GitHub knew when everything up to it was here

A page is written whole or not at all, so that a killed run has lost nothing but the page it waited
for.  Of several rows with one number the last is true.

A list is sorted by the date of the last update, latest first.  Its *stretches* are the parts of it that
are here without a gap: a page that follows a page of a stretch makes it longer, a page from the top
begins a new one, and two that meet become one.  An update moves a pull request to the top of the list
and changes nothing else there; so what lies between two ends of a stretch stays known, and what moved is
found by reading from the top until a stretch is met.  Asks nobody.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from envfactory.github.rows import Page, Row
from envfactory.workspace import write_atomic

Way = Literal["graphql", "rest"]
"""How a list was asked for: their cursors are not each other's."""
BOTTOM = datetime(1, 1, 1, tzinfo=UTC)
"""Before any pull request."""


@dataclass
class Stretch:
    """A part of a list without a gap."""

    newest: datetime
    oldest: datetime
    next: str | None
    """Where it goes on below, different for every stretch; ``None`` at the bottom of the list."""


@dataclass(frozen=True)
class Entry:
    """What is remembered of a row; the rest is read when it is wanted."""

    number: int
    updated_at: datetime
    merged_at: datetime | None
    whole: bool
    page: int


class Archive:
    """One repository's pages.  One process writes at a time; see ``listing``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[int, Entry] = {}
        self._stretches: dict[Way, list[Stretch]] = {"graphql": [], "rest": []}
        self._last = 0
        self._page: tuple[int, dict[int, Row]] = (0, {})
        for path in sorted(folder.glob("[0-9]*.json.gz")):
            self._last = int(path.name.partition(".")[0])
            self._take(self._last, _read(path))

    def top(self, way: Way) -> Stretch | None:
        """The uppermost stretch of a list."""
        return self._stretches[way][0] if self._stretches[way] else None

    def add(self, way: Way, after: str | None, page: Page) -> None:
        """Keep the page of a list that follows ``after`` (``None``: from the top) if it says anything new."""
        top = self.top(way)
        if after is None and top is not None and self._known(top, page.rows):
            return
        self._write({"way": way, "after": after, "next": page.next}, page.rows)

    def put(self, rows: Iterable[Row]) -> None:
        """Keep rows that were asked for by number."""
        self._write({}, tuple(rows))

    def row(self, number: int) -> Row | None:
        """The row of that number."""
        entry = self.entries.get(number)
        if entry is None:
            return None
        if self._page[0] != entry.page:
            data = _read(self._path(entry.page))
            self._page = entry.page, {row["number"]: Row.model_validate(row) for row in data["rows"]}
        return self._page[1][number]

    def checked(self) -> object:
        """What ``check`` remembered; ``None`` before."""
        try:
            return json.loads((self.folder / "checked.json").read_text())
        except (OSError, ValueError):
            return None

    def check(self, latest: object) -> None:
        """Remember the latest update of all, when the pages reach up to it."""
        write_atomic(self.folder / "checked.json", json.dumps(latest))

    def _known(self, top: Stretch, rows: tuple[Row, ...]) -> bool:
        """Whether these rows, from the top of a list, are a part of its uppermost stretch."""
        if not rows or rows[0].updated_at != top.newest or rows[-1].updated_at < top.oldest:
            return False
        known = (self.entries.get(row.number) for row in rows)
        return all(
            entry and entry.updated_at == row.updated_at for entry, row in zip(known, rows, strict=True)
        )

    def _write(self, about: dict[str, Any], rows: tuple[Row, ...]) -> None:
        data = about | {"rows": [row.model_dump(mode="json") for row in rows]}
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._path(self._last + 1), gzip.compress(json.dumps(data).encode(), 6, mtime=0))
        self._last += 1
        self._take(self._last, data)

    def _path(self, page: int) -> Path:
        return self.folder / f"{page:08d}.json.gz"

    def _take(self, page: int, data: dict[str, Any]) -> None:
        for entry in _entries(page, data):
            known = self.entries.get(entry.number)
            # A list that lacks the issues must not hide a row that has them and is as new.
            if known is None or entry.whole or not known.whole or known.updated_at < entry.updated_at:
                self.entries[entry.number] = entry
        if "way" in data:
            updates = [datetime.fromisoformat(row["updated_at"]) for row in data["rows"]]
            self._lengthen(data["way"], data["after"], data["next"], updates)

    def _lengthen(self, way: Way, after: str | None, following: str | None, updates: list[datetime]) -> None:
        stretches = self._stretches[way]
        oldest = min(updates, default=BOTTOM) if following is not None else BOTTOM
        grown = next((one for one in stretches if after is not None and one.next == after), None)
        if grown is not None:
            grown.oldest, grown.next = min(grown.oldest, oldest), following
        elif after is None:
            stretches.append(Stretch(max(updates, default=BOTTOM), oldest, following))
        stretches.sort(key=lambda one: one.newest, reverse=True)
        self._stretches[way] = list(_joined(stretches))


def _joined(stretches: list[Stretch]) -> Iterator[Stretch]:
    """Neighbours that overlap, as one.  Equal ends do not: that second may hold more than both."""
    current: Stretch | None = None
    for stretch in stretches:
        if current is None:
            current = stretch
        elif current.oldest < stretch.newest or current.next is None:
            if stretch.oldest < current.oldest:
                current.oldest, current.next = stretch.oldest, stretch.next
        else:
            yield current
            current = stretch
    if current is not None:
        yield current


def _entries(page: int, data: dict[str, Any]) -> Iterator[Entry]:
    for row in data["rows"]:
        merged = datetime.fromisoformat(row["merged_at"]) if row["merged_at"] else None
        yield Entry(row["number"], datetime.fromisoformat(row["updated_at"]), merged, row["whole"], page)


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return data
