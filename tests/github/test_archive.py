"""Pages on disk: whatever happens to the list and to the process, there is no gap and no duplicate."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from envfactory.github.archive import BOTTOM, Archive
from envfactory.github.rows import Page, Row

SIZE = 3
START = datetime(2024, 1, 1, tzinfo=UTC)


class Site:
    """A list of pull requests, latest update first, that changes between two looks at it."""

    def __init__(self) -> None:
        self.updates: dict[int, int] = {}
        self.clock = 0

    def update(self, number: int, *, tick: bool) -> None:
        self.clock += tick
        self.updates[number] = self.clock

    def page(self, after: str | None) -> Page:
        order = sorted(((when, number) for number, when in self.updates.items()), reverse=True)
        if after:
            when, number = map(int, after.split())
            order = [item for item in order if item < (when, number)]
        shown = order[:SIZE]
        rows = tuple(
            Row(number=number, updated_at=START + timedelta(seconds=when), created_at=START, merged_at=START)
            for when, number in shown
        )
        following = "{} {}".format(*shown[-1]) if len(order) > SIZE else None
        return Page(rows=rows, next=following)


def read(site: Site, folder: Path, steps: int) -> tuple[Archive, bool]:
    """A run that is killed after so many pages; whether it came to its end."""
    archive = Archive(folder)
    if steps == 0:
        return archive, False
    archive.add("graphql", None, site.page(None))
    for _ in range(steps - 1):
        top = archive.top("graphql")
        assert top is not None
        if top.next is None:
            break
        archive.add("graphql", top.next, site.page(top.next))
    top = archive.top("graphql")
    return archive, top is not None and top.next is None


actions = st.lists(
    st.one_of(
        st.tuples(st.just("update"), st.integers(1, 14), st.booleans()),
        st.tuples(st.just("read"), st.integers(0, 4), st.just(True)),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(actions)
def test_killed_anywhere_it_ends_with_everything_once(script: list[tuple[str, int, bool]]) -> None:
    site = Site()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for action, value, tick in script:
            if action == "update":
                # Two updates in one second, but never in one that was already looked at.
                site.update(value, tick=tick)
            else:
                read(site, folder, value)
                site.clock += 1
        archive, ended = read(site, folder, 100)
        assert ended
        assert sorted(archive.entries) == sorted(site.updates)
        for number, when in site.updates.items():
            assert archive.entries[number].updated_at == START + timedelta(seconds=when)
        again = Archive(folder)
        assert again.entries == archive.entries
        assert again.top("graphql") == archive.top("graphql")


def test_what_is_known_is_not_written_again(tmp_path: Path) -> None:
    site = Site()
    for number in range(1, 9):
        site.update(number, tick=True)
    read(site, tmp_path, 9)
    pages = sorted(path.name for path in tmp_path.glob("0*"))
    read(site, tmp_path, 1)
    assert sorted(path.name for path in tmp_path.glob("0*")) == pages


def test_an_empty_list_has_a_bottom(tmp_path: Path) -> None:
    archive, ended = read(Site(), tmp_path, 1)
    top = archive.top("graphql")
    assert ended
    assert top is not None
    assert top.oldest == BOTTOM


def test_a_page_that_was_being_written_does_not_count(tmp_path: Path) -> None:
    site = Site()
    site.update(1, tick=True)
    read(site, tmp_path, 1)
    (tmp_path / ".00000002.json.gz.x.incomplete").write_bytes(b"\x1f\x8b")
    assert sorted(Archive(tmp_path).entries) == [1]


def test_a_row_without_issues_does_not_hide_one_with(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    whole = Row(number=1, updated_at=START, created_at=START, title="whole")
    archive.put([whole])
    archive.put([whole.model_copy(update={"title": "bare", "whole": False})])
    assert archive.row(1) == whole
    later = {"title": "changed", "whole": False, "updated_at": START + timedelta(seconds=1)}
    archive.put([whole.model_copy(update=later)])
    row = archive.row(1)
    assert row is not None
    assert row.title == "changed"
