"""Ledgers on disk, builds replayed from them, and what offline can and cannot show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import StageError, UsageError
from envfactory.timemachine import LedgerEntry, TimeMachine, ledger
from tests.timemachine.conftest import Upstream
from tests.timemachine.test_machine import CUT, get, names, page

LATER = datetime(2021, 1, 1, tzinfo=UTC)
TEXT = st.text(max_size=20)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
ENTRIES = st.builds(
    LedgerEntry,
    ecosystem=st.sampled_from(["pypi", "npm", "apt"]),
    name=TEXT,
    version=TEXT,
    filename=TEXT,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    upload_time=st.none() | MOMENTS,
    cutoff=MOMENTS,
    token=TEXT,
    rule=st.sampled_from(["dated", "floor", "earliest", "wheel", "undated"]),
)


@pytest.fixture
def served(upstream: Upstream, tmp_path: Path) -> Iterator[list[LedgerEntry]]:
    """The ledger of one file, with its cache in ``tmp_path``."""
    for version, when in (("1.0", "2017"), ("1.1", "2018"), ("2.0", "2020")):
        upstream.add("thing", f"thing-{version}.tar.gz", f"{when}-01-01T00:00:00Z")
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}) as machine:
        url, found = page(machine, "thing", token="t")
        get(urljoin(url, found["files"][0]["url"]))  # type: ignore[index]
        yield machine.ledger("t")


@given(st.lists(ENTRIES, max_size=8))
def test_a_ledger_survives_the_disk(
    tmp_path_factory: pytest.TempPathFactory, entries: list[LedgerEntry]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger.write(path, entries)
    assert ledger.read(path) == entries


def test_what_is_no_ledger_is_refused(tmp_path: Path, served: list[LedgerEntry]) -> None:
    path = tmp_path / "ledger.jsonl"
    whole = served[0].model_dump_json()
    for torn in (whole[:-9], json.dumps({"ecosystem": "pypi"}), whole[:-1] + ', "more": 1}'):
        path.write_text(f"{whole}\n{torn}\n")
        with pytest.raises(UsageError, match=":2:"):
            ledger.read(path)
    with pytest.raises(UsageError):
        ledger.read(tmp_path / "none")


def test_contradictions(served: list[LedgerEntry]) -> None:
    entry = served[0]
    assert ledger.contradictions([entry, entry]) == []
    other = entry.model_copy(update={"sha256": "0" * 64})
    early = entry.model_copy(update={"cutoff": datetime(2000, 1, 1, tzinfo=UTC)})
    assert len(ledger.contradictions([entry, other])) == 1
    assert len(ledger.contradictions([early])) == 1
    assert ledger.contradictions([early.model_copy(update={"rule": "floor"})]) == []


def test_a_replay_shows_what_the_ledger_lists_at_any_date(
    upstream: Upstream, tmp_path: Path, served: list[LedgerEntry]
) -> None:
    asked = len(upstream.asked)
    with TimeMachine(tmp_path, ["127.0.0.1"], offline=True, replay=served) as replay:
        for cutoff in (CUT, LATER, datetime.now(UTC) + timedelta(days=9)):
            url, found = page(replay, "thing", cutoff)
            assert names(found) == ["thing-1.0.tar.gz"]
        assert get(urljoin(url, found["files"][0]["url"])).content == b"thing-1.0.tar.gz"  # type: ignore[index]
        assert get(replay.url("pypi", CUT) + "other/").status_code == 404
        assert [release.version for release in replay.releases("pypi", "thing")] == ["1.0"]
        assert [entry.sha256 for entry in replay.ledger()] == [served[0].sha256]
    assert len(upstream.asked) == asked


def test_a_replay_outlives_the_page(upstream: Upstream, tmp_path: Path, served: list[LedgerEntry]) -> None:
    upstream.projects.clear()
    for stored in (tmp_path / "pypi/pages").rglob("thing"):
        if stored.is_file():
            stored.unlink()
    with TimeMachine(tmp_path, ["127.0.0.1"], offline=True, replay=served) as replay:
        url, found = page(replay, "thing")
        assert get(urljoin(url, found["files"][0]["url"])).content == b"thing-1.0.tar.gz"  # type: ignore[index]


def test_other_bytes_than_listed_are_not_replayed(
    upstream: Upstream, tmp_path: Path, served: list[LedgerEntry]
) -> None:
    wrong = served[0].model_copy(update={"sha256": "0" * 64})
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}, replay=[wrong]) as replay:
        url, found = page(replay, "thing")
        answer = get(urljoin(url, found["files"][0]["url"]))  # type: ignore[index]
        assert answer.status_code == 404 and "no longer upstream" in answer.text


def test_offline_knows_until_when_it_knows(
    upstream: Upstream, tmp_path: Path, served: list[LedgerEntry]
) -> None:
    with TimeMachine(tmp_path, ["127.0.0.1"], offline=True) as machine:
        for cutoff, count in ((CUT, 2), (LATER, 3), (datetime.now(UTC), 3)):
            assert len(names(page(machine, "thing", cutoff)[1])) == count
        future = datetime.now(UTC) + timedelta(days=30)
        with pytest.raises(StageError) as caught:
            machine.dated("pypi", "thing", future)
        assert caught.value.cause == "index_offline" and "not known" in str(caught.value)
        answer = get(machine.url("pypi", future) + "thing/")
        assert answer.status_code == 404 and "not known" in answer.text
        assert len(machine.releases("pypi", "thing")) == 3


def test_a_project_without_any_date_is_an_error(upstream: Upstream, tmp_path: Path) -> None:
    upstream.add("mute", "mute-1.0.tar.gz", None)
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}) as machine:
        with pytest.raises(StageError) as caught:
            machine.dated("pypi", "mute", CUT)
        assert caught.value.cause == "index_without_dates"
