"""Hourly files of every generation, broken ones too, read as streams."""

from __future__ import annotations

import gzip
import json
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from envfactory.miners.gharchive import events, files, merged_in, mine
from hypothesis import given
from hypothesis import strategies as st

from envfactory.errors import RemoteError, UsageError
from envfactory.mining.protocol import MineOptions
from tests.github.conftest import REPO, Serve
from tests.github.test_miner import SECRET, variables


def event(action: str = "closed", repo: str = "o/r", number: int = 1, **pull: Any) -> dict[str, Any]:
    payload = {"action": action, "number": number, "pull_request": {"number": number, **pull}}
    return {"type": "PullRequestEvent", "repo": {"name": repo}, "payload": payload}


def old(owner: str, name: str, number: int, **pull: Any) -> dict[str, Any]:
    """As until 2014."""
    payload = {"action": "closed", "number": number, "pull_request": pull}
    return {"type": "PullRequestEvent", "repository": {"owner": owner, "name": name}, "payload": payload}


EVENTS = [
    (event(merged=True, merged_at="2020-01-01T00:00:00Z"), ("o/r", 1)),
    (event(merged=False, merged_at=None), None),
    (event("opened", merged=False), None),
    (event(number=2), ("o/r", 2)),  # since 2025-10-07: nobody knows
    (event("merged", number=3), ("o/r", 3)),
    (old("a", "b", 4, merged=True), ("a/b", 4)),
    (old("a", "b", 5, merged=False), None),
    ({"type": "PushEvent", "repo": {"name": "o/r"}, "payload": {}}, None),
    ({"type": "PullRequestEvent", "payload": None}, None),
    (event(repo="not a name", merged=True), None),
    ([], None),
]


def write(path: Path, text: str) -> str:
    path.write_bytes(gzip.compress(text.encode()))
    return str(path)


@pytest.mark.parametrize("between", ["\n", ""], ids=["lines", "one after the other"])
def test_events_of_all_generations(tmp_path: Path, between: str) -> None:
    text = between.join(json.dumps(data) for data, _ in EVENTS)
    found = list(merged_in(write(tmp_path / "2012-01-31-5.json.gz", text)))
    assert found == [expected for _, expected in EVENTS if expected]


def test_a_line_that_is_none_is_told(tmp_path: Path) -> None:
    good = json.dumps(event(merged=True))
    told: list[str] = []
    name = write(tmp_path / "2012-01-31-5.json.gz", f"{good}\n{{broken\n\n{good}\n")
    assert list(merged_in(name, told.append)) == [("o/r", 1)] * 2
    assert told == [f"1 lines of {name} are no events"]


@pytest.mark.parametrize("keep", [10, 100, -1, -9])
def test_a_file_that_ends_early_is_not_trusted(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "2012-01-31-5.json.gz"
    write(path, "\n".join(json.dumps(event(number=n, title="x" * n, merged=True)) for n in range(50)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UsageError, match="damaged"):
        list(merged_in(str(path)))


@given(st.lists(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner))))
def test_any_values_survive_any_chunks(values: list[Any]) -> None:
    import io

    values = [{"value": value} for value in values]
    stream = io.BytesIO("\n".join(json.dumps(value, ensure_ascii=False) for value in values).encode())
    assert list(events(stream)) == values


def test_memory_stays_flat(tmp_path: Path) -> None:
    body = "x" * 20_000
    path = tmp_path / "2020-01-01-0.json.gz"
    with gzip.open(path, "wt") as file:
        for number in range(5_000):
            file.write(json.dumps(event(number=number, merged=True, body=body)) + "\n")
    tracemalloc.start()
    count = sum(1 for _ in merged_in(str(path)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5_000
    assert peak < 4 << 20, "100 MB of events"


def test_files_of_a_folder_a_pattern_and_an_address(tmp_path: Path) -> None:
    for hour in (0, 2, 10):
        write(tmp_path / f"2020-01-01-{hour}.json.gz", "")
    (tmp_path / "other.json.gz").write_bytes(b"")
    names = [str(tmp_path / f"2020-01-01-{hour}.json.gz") for hour in (0, 2, 10)]
    assert files(str(tmp_path)) == names
    assert files(str(tmp_path / "2020-01-01-{2..12}.json.gz")) == names[1:]
    assert files("https://a/2020-01-{09..10}-{0..1}.json.gz") == [
        f"https://a/2020-01-{day}-{hour}.json.gz" for day in ("09", "10") for hour in (0, 1)
    ]
    with pytest.raises(UsageError, match="no GH Archive file"):
        files(str(tmp_path / "2021-*.json.gz"))


class Files(BaseHTTPRequestHandler):
    """Breaks off the first time that a file is asked for."""

    data = b""
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if "2001" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data[: len(self.data) // 2 if self.asked == 1 else None])
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hour(tmp_path: Path) -> Iterator[str]:
    kinds = ("", REPO), ("other/repo", "other/repo")
    text = "\n".join(json.dumps(event(repo=repo, number=5, merged=True)) for _, repo in kinds)
    Files.data, Files.asked = gzip.compress((text + "\n" + "x" * 0).encode()), 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/2020-01-01-3.json.gz"
        server.shutdown()


def test_by_address_it_feeds_the_github_miner(
    hour: str, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(tokens=(SECRET,))
    for name, value in variables(server, tmp_path).items():
        monkeypatch.setenv(name, value)
    told: list[str] = []
    options = MineOptions(cache=tmp_path / "cache", max_wait=1, tell=told.append)
    assert [item.key for item in mine(hour, options)] == [f"{REPO}#5"]
    assert Files.asked == 2, "broken off once, read anew"
    assert any("other/repo is left out" in text for text in told)


def test_an_hour_that_is_not_there(hour: str) -> None:
    with pytest.raises(UsageError, match="there is no"):
        list(merged_in(hour.replace("2020", "2001")))
    with pytest.raises(RemoteError):
        list(merged_in("http://127.0.0.1:9/2020-01-01-3.json.gz"))
