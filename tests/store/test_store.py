"""The store keeps what was committed, one way out per stage, and the sums add up."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envfactory.errors import UsageError
from envfactory.records import STAGES, Failure, Record, Rejection, Stage
from envfactory.store import Recipes, Store
from envfactory.store.database import MIGRATIONS
from envfactory.store.funnel import funnel
from envfactory.store.store import Entry
from tests.pipeline.fakes import House, candidate, pull_request

KEY = "sample/words#1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "envfactory.db"


def put(store: Store, stage: Stage, result: Record, key: str = KEY, digest: str = "d") -> None:
    store.finish(store.begin(stage, key, digest), result)


def test_what_is_finished_survives_and_what_is_not_is_seen(path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from envfactory.store import Store
from tests.pipeline.fakes import candidate, pull_request
store = Store(Path(sys.argv[1]))
pull = pull_request(1)
store.add_pull_request(pull, "clone")
store.finish(store.begin("mine", pull.key, "d"), candidate(pull))
store.begin("build", pull.key, "e")
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    with Store(path) as store:
        entry = store.entry("mine", KEY)
        assert entry is not None and (entry.status, entry.input_digest) == ("ok", "d")
        assert [(one.stage, one.finished) for one in store.unfinished()] == [("build", None)]
        found = store.found(KEY)
        assert found is not None and found.pull_request == pull_request(1)


def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    with Store(path) as store:
        with pytest.raises(RuntimeError), store.transaction():
            store.add_pull_request(pull_request(1), "clone")
            raise RuntimeError
        assert store.keys() == []


def test_a_new_outcome_drops_what_was_made_from_the_old(path: Path) -> None:
    with Store(path) as store:
        store.add_pull_request(pull_request(1), "clone")
        put(store, "mine", candidate(pull_request(1)))
        put(store, "build", House(of="a", seconds=1))
        put(store, "extract", House(of="b"))
        put(store, "build", House(of="a", seconds=2))
        assert store.entry("extract", KEY), "equal but for measured fields"
        put(store, "build", House(of="other"))
        assert store.entry("extract", KEY) is None
        put(store, "mine", Rejection(key=KEY, stage="mine", reason="no_tests"))
        assert [entry.stage for entry in store.entries()] == ["mine"]
        assert len(store.attempts(KEY)) == 6, "attempts are never removed"


def test_a_pull_request_is_not_lost_to_a_rejection(path: Path) -> None:
    rejection = Rejection(key=KEY, stage="mine", reason="duplicate_change")
    with Store(path) as store:
        store.add_rejection(rejection, "clone")
        assert store.found(KEY) is None
        store.add_pull_request(pull_request(1), "clone")
        assert store.found(KEY)
        store.add_rejection(rejection, "clone")
        assert store.found(KEY)


def test_outcomes_need_their_pull_request(path: Path) -> None:
    with Store(path) as store, pytest.raises(sqlite3.IntegrityError):
        store.begin("mine", "sample/words#77", "d")


def test_reading_writes_nothing(path: Path) -> None:
    with Store(path) as store:
        store.add_pull_request(pull_request(1), "clone")
    before = sorted((one.name, one.read_bytes()) for one in path.parent.iterdir())
    with Store(path, read_only=True) as store:
        assert store.keys() == [(KEY, "sample__words-1")]
        with pytest.raises(sqlite3.OperationalError):
            store.add_pull_request(pull_request(2), "clone")
    assert sorted((one.name, one.read_bytes()) for one in path.parent.iterdir()) == before


def test_reading_while_another_writes(path: Path) -> None:
    with Store(path) as writer:
        writer.add_pull_request(pull_request(1), "clone")
        with Store(path, read_only=True) as reader:
            writer.add_pull_request(pull_request(2), "clone")
            assert len(reader.keys()) == 2


@pytest.mark.parametrize("content", [b"this is not a database" * 100, b"\0" * 4096])
def test_a_broken_file_is_said(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UsageError, match="database"):
        Store(path)


def test_a_newer_file_is_refused(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(UsageError, match="newer"):
        Store(path)


def test_all_tables_are_strict(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    tables = connection.execute(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
    )
    assert all(strict for name, strict in tables if not name.startswith("sqlite_"))
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_recipes_keep_the_first(path: Path) -> None:
    first, second = Recipes(path, House), Recipes(path, House)
    assert first.get("k") is None
    first.put("k", House(of="a"))
    second.put("k", House(of="b"))
    assert second.get("k") == House(of="a")
    first.close()
    second.close()


entries = st.builds(
    Entry,
    stage=st.sampled_from(STAGES),
    key=st.text(),
    instance_id=st.text(),
    input_digest=st.text(),
    status=st.sampled_from(["ok", "rejected", "failed"]),
    reason=st.sampled_from(["a", "b", "c"]),
    retryable=st.booleans(),
    digest=st.text(),
)


@given(st.lists(entries))
def test_the_funnel_adds_up(found: list[Entry]) -> None:
    for stage, numbers in funnel(found).items():
        data = numbers.as_json()
        assert data["in"] == sum(entry.stage == stage for entry in found)
        assert data["in"] == data["out"] + sum(data["rejected"].values()) + sum(data["failed"].values())


ways = st.sampled_from(["ok", "same", "rejected", "failed"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(STAGES), ways), max_size=30))
def test_no_history_breaks_the_sums(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[int, Stage, str]]
) -> None:
    """Whatever is recorded in whatever order, no stage has more than the one before let through."""
    with Store(tmp_path_factory.mktemp("store") / "x.db") as store:
        for number in range(1, 5):
            store.add_pull_request(pull_request(number), "clone")
        for step, (number, stage, way) in enumerate(history):
            key = pull_request(number).key
            before = STAGES[: STAGES.index(stage)]
            if any((one := store.entry(name, key)) is None or one.status != "ok" for name in before):
                continue  # the pipeline never gets there
            if way == "rejected":
                result: Record = Rejection(key=key, stage=stage, reason=f"r{step % 3}")
            elif way == "failed":
                result = Failure(key=key, stage=stage, cause=f"c{step % 3}", retryable=step % 2 == 0)
            else:
                result = House(of="same" if way == "same" else str(step))
            put(store, stage, result, key, str(step))
        counted = funnel(store.entries())
        assert counted["build"].taken <= counted["mine"].out
        assert counted["extract"].taken <= counted["build"].out
