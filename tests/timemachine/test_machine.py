"""The server and its cache against a real upstream on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from envfactory.errors import PrerequisiteError, StageError, UsageError
from envfactory.timemachine import TimeMachine, client_environment
from envfactory.timemachine.pypi import blind_interpreter
from envfactory.timemachine.simple import JSON_TYPE
from envfactory.timemachine.upstream import configured_index
from tests.timemachine.conftest import Upstream, wheel

CUT = datetime(2018, 5, 1, tzinfo=UTC)
JSON = {"Accept": JSON_TYPE}


@pytest.fixture
def machine(upstream: Upstream, tmp_path: Path) -> Iterator[TimeMachine]:
    upstream.add("thing", "thing-1.0.tar.gz", "2017-01-01T00:00:00Z")
    upstream.add(
        "thing", "thing-1.1-py3-none-any.whl", "2018-04-01T00:00:00.5Z", wheel("thing", "1.1", 400_000)
    )
    upstream.add("thing", "thing-2.0.tar.gz", "2019-01-01T00:00:00Z", **{"requires-python": ">=3.9"})
    with TimeMachine(tmp_path / "cache", ["127.0.0.1"], upstreams={"pypi": upstream.url}) as running:
        yield running


def get(url: str, headers: dict[str, str] | None = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=20, allow_redirects=False)


def page(
    machine: TimeMachine, name: str, cutoff: datetime = CUT, token: str = ""
) -> tuple[str, dict[str, object]]:
    url = machine.url("pypi", cutoff, token=token) + name + "/"
    return url, get(url, JSON).json()


def names(found: dict[str, object]) -> list[str]:
    return [file["filename"] for file in found["files"]]  # type: ignore[attr-defined]


def test_a_page_in_json_and_html(machine: TimeMachine) -> None:
    url, found = page(machine, "Thing")
    assert names(found) == ["thing-1.0.tar.gz", "thing-1.1-py3-none-any.whl"]
    assert found["versions"] == ["1.0", "1.1"]
    assert get(url, JSON).headers["Content-Type"] == JSON_TYPE
    old = get(url)
    assert old.headers["Content-Type"].startswith("text/html")
    assert "thing-1.1" in old.text and "thing-2.0" not in old.text and "#sha256=" in old.text
    today = get(machine.url("pypi", datetime(2020, 1, 1, tzinfo=UTC)) + "thing/").text
    assert 'data-requires-python="&gt;=3.9"' in today
    assert get(machine.url("pypi", CUT)).status_code == 200
    assert get(url.rstrip("/")).status_code == 301


def test_clients_that_ignore_requires_python(machine: TimeMachine) -> None:
    url = machine.url("pypi", datetime(2020, 1, 1, tzinfo=UTC)) + "thing/"
    assert "thing-2.0" not in get(url, {"User-Agent": "Python-urllib/3.6 setuptools/40.0.0"}).text
    assert "thing-2.0" in get(url, {"User-Agent": "Python-urllib/3.9 setuptools/40.0.0"}).text
    assert "thing-2.0" not in get(url, {"User-Agent": "setuptools/40.6.2 Python-urllib/3.6"}).text
    assert blind_interpreter('pip/8.1.2 {"cpu":"x86_64","python":"3.6.15"}') == "3.6.15"
    assert blind_interpreter('pip/19.0 {"cpu":"x86_64","python":"3.6.15"}') == ""
    assert blind_interpreter("uv/0.5") == ""


def test_files_come_once_and_are_noted_by_token(
    machine: TimeMachine, upstream: Upstream, tmp_path: Path
) -> None:
    url, found = page(machine, "thing", token="build-1")
    target = urljoin(url, found["files"][0]["url"])  # type: ignore[index]
    for _ in range(3):
        assert get(target).content == b"thing-1.0.tar.gz"
    assert upstream.count("thing-1.0.tar.gz") == 1
    assert upstream.count("/simple/thing/") == 1
    (entry,) = machine.ledger("build-1")
    assert (entry.name, entry.version, entry.rule) == ("thing", "1.0", "dated")
    assert entry.upload_time == datetime(2017, 1, 1, tzinfo=UTC)
    assert machine.ledger("other") == [] and machine.ledger() == [entry]
    assert not list((tmp_path / "cache").rglob("*.incomplete"))


def test_a_file_of_the_future_is_not_served(machine: TimeMachine, upstream: Upstream) -> None:
    later = datetime(2020, 1, 1, tzinfo=UTC)
    url, found = page(machine, "thing", later)
    target = urljoin(url, found["files"][2]["url"])  # type: ignore[index]
    assert get(target).status_code == 200
    assert get(target.replace("2020-01-01", "2018-05-01")).status_code == 404


def test_metadata_without_the_wheel(machine: TimeMachine, upstream: Upstream) -> None:
    url, found = page(machine, "thing")
    entry = found["files"][1]  # type: ignore[index]
    assert entry["core-metadata"] is True
    target = urljoin(url, entry["url"]) + ".metadata"
    assert "Name: thing" in get(target).text
    assert "Name: thing" in get(target).text
    assert upstream.count("thing-1.1") == 1, "one range is enough when the metadata is near the end"
    assert machine.ledger() == []


def test_metadata_where_the_upstream_knows_no_ranges(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.ranges = False
    url, found = page(machine, "thing")
    target = urljoin(url, found["files"][1]["url"])  # type: ignore[index]
    assert "Version: 1.1" in get(target + ".metadata").text
    asked = upstream.count("thing-1.1")
    assert len(get(target).content) > 400_000
    assert upstream.count("thing-1.1") == asked, "the wheel was kept"


def test_metadata_that_the_upstream_offers_is_passed_on(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.add("beside", "beside-1-py3-none-any.whl", "2017-01-01T00:00:00Z", **{"core-metadata": True})
    upstream.bytes["beside-1-py3-none-any.whl.metadata"] = b"Name: beside"
    url, found = page(machine, "beside")
    assert get(urljoin(url, found["files"][0]["url"]) + ".metadata").text == "Name: beside"  # type: ignore[index]


def test_wrong_bytes_reach_nobody(machine: TimeMachine, upstream: Upstream, tmp_path: Path) -> None:
    upstream.bytes["thing-1.0.tar.gz"] = b"thing-1.0.tar.gZ"
    url, found = page(machine, "thing")
    target = urljoin(url, found["files"][0]["url"])  # type: ignore[index]
    assert get(target).status_code == 502
    assert not [path for path in (tmp_path / "cache").rglob("thing-1.0*") if path.is_file()]
    assert machine.ledger() == []


def test_big_wrong_bytes_are_cut_off(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.add("big", "big-1.tar.gz", "2017-01-01T00:00:00Z", b"a" * 3_000_000)
    upstream.bytes["big-1.tar.gz"] = b"b" * 3_000_000
    url, found = page(machine, "big")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(urljoin(url, found["files"][0]["url"]))  # type: ignore[index]


def test_missing_projects_and_bad_addresses(machine: TimeMachine, upstream: Upstream) -> None:
    url = machine.url("pypi", CUT)
    assert get(url + "none/").status_code == 404
    assert get(url + "none/").status_code == 404
    assert upstream.count("/simple/none/") == 1
    assert get(url + "..%2f..%2fetc/").status_code == 404
    root = url.partition("/pypi/")[0]
    for path in ("/", "/cargo/2018-01-01/x/", "/pypi/yesterday/simple/thing/"):
        answer = get(root + path)
        assert answer.status_code == 400 and answer.text.strip()
    assert get(f"{root}/pypi/2018-05-01/simple/thing/").status_code == 200
    assert get(f"{root}/pypi/2018-05-01/files/thing/{'0' * 64}/thing-1.0.tar.gz").status_code == 404


def test_hiccups_are_retried_and_outages_told(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.failures = 2
    assert get(machine.url("pypi", CUT) + "thing/").status_code == 200
    upstream.failures = 99
    answer = get(machine.url("pypi", CUT) + "other/")
    assert answer.status_code == 502 and "does not answer" in answer.text
    with pytest.raises(StageError) as caught:
        machine.releases("pypi", "another")
    assert caught.value.cause == "index_unreachable" and caught.value.retryable


def test_an_upstream_without_dates(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.serves_json = False
    upstream.add("html", "html-1.tar.gz", None)
    with pytest.raises(StageError) as caught:
        machine.dated("pypi", "html", CUT)
    assert caught.value.cause == "index_without_dates"


def test_one_project_without_dates_is_left_out(machine: TimeMachine, upstream: Upstream) -> None:
    """Such as old projects whose only file was taken over from elsewhere: no reason to end a build."""
    upstream.add("bare", "bare-1.tar.gz", None)
    upstream.add("pip", "pip-10.tar.gz", "2018-04-14T00:00:00Z")
    assert machine.dated("pypi", "bare", CUT) == []
    _, found = page(machine, "bare")
    assert names(found) == []


def test_offline_serves_what_is_cached(machine: TimeMachine, upstream: Upstream, tmp_path: Path) -> None:
    url, found = page(machine, "thing")
    get(urljoin(url, found["files"][0]["url"]))  # type: ignore[index]
    asked = len(upstream.asked)
    with TimeMachine(tmp_path / "cache", ["127.0.0.1"], offline=True) as replay:
        url, found = page(replay, "thing")
        assert get(urljoin(url, found["files"][0]["url"])).status_code == 200  # type: ignore[index]
        assert get(urljoin(url, found["files"][1]["url"])).status_code == 404  # type: ignore[index]
        assert get(replay.url("pypi", CUT) + "unknown/").status_code == 404
    assert len(upstream.asked) == asked


def test_a_page_is_asked_for_again_only_when_it_may_have_changed(
    machine: TimeMachine, upstream: Upstream, tmp_path: Path
) -> None:
    machine.dated("pypi", "thing", CUT)
    (stored,) = [path for path in (tmp_path / "cache/pypi/pages").rglob("thing") if path.is_file()]
    head, _, body = stored.read_bytes().partition(b"\n")
    about = json.loads(head)
    about["fetched"] -= 3 * 86_400
    stored.write_bytes(json.dumps(about).encode() + b"\n" + body)
    machine.dated("pypi", "thing", CUT)
    assert upstream.count("/simple/thing/") == 1, "an old page holds all of an older date"
    machine.releases("pypi", "thing")
    assert upstream.count("/simple/thing/") == 2
    stored.write_bytes(b"torn")
    assert [release.version for release in machine.dated("pypi", "thing", CUT)] == ["1.0", "1.1"]


def test_many_at_once(machine: TimeMachine, upstream: Upstream) -> None:
    url, found = page(machine, "thing")
    target = urljoin(url, found["files"][1]["url"])  # type: ignore[index]
    sizes: list[int] = []
    threads = [threading.Thread(target=lambda: sizes.append(len(get(target).content))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(sizes) == 12 and len(set(sizes)) == 1
    assert upstream.count("thing-1.1") == 1


def test_the_address_is_stable_and_two_share_a_cache(upstream: Upstream, tmp_path: Path) -> None:
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}) as one:
        first = one.url("pypi", CUT)
        with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}) as two:
            assert two.url("pypi", CUT) != first
    with TimeMachine(tmp_path, ["127.0.0.1"], upstreams={"pypi": upstream.url}) as again:
        assert again.url("pypi", CUT) == first


def test_where_it_may_listen(tmp_path: Path) -> None:
    for bad in ([], ["0.0.0.0"], ["127.0.0.1", ""]):
        with pytest.raises(UsageError):
            TimeMachine(tmp_path, bad, offline=True)
    with pytest.raises(PrerequisiteError):
        TimeMachine(tmp_path, ["203.0.113.7"], offline=True).start()
    idle = TimeMachine(tmp_path, ["127.0.0.1"], offline=True)
    with pytest.raises(UsageError):
        idle.url("pypi", CUT)
    with pytest.raises(UsageError):
        idle.dated("cargo", "x", CUT)


def test_suspicious(machine: TimeMachine, upstream: Upstream) -> None:
    upstream.add("again", "again-1.0.tar.gz", "2022-07-08T00:00:00Z")
    assert "2022-07-08" in machine.suspicious("pypi", "again", CUT)
    assert machine.suspicious("pypi", "thing", CUT) == ""
    url, found = page(machine, "again", token="t")
    get(urljoin(url, found["files"][0]["url"]))  # type: ignore[index]
    assert [entry.rule for entry in machine.ledger("t")] == ["earliest"]


def test_the_upstream_of_the_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert (
        configured_index(home | {"PIP_INDEX_URL": "https://mirror.invalid/simple"})
        == "https://mirror.invalid/simple"
    )
    (tmp_path / "config/pip").mkdir(parents=True)
    (tmp_path / "config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://company.invalid/simple\nextra-index-url = file:///opt/x\n"
    )
    assert configured_index(home) == "https://company.invalid/simple"
    (tmp_path / "config/pip/pip.conf").write_text("[global]\nindex-url = file:///opt/x\n")
    assert configured_index({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "none")}).startswith(
        "http"
    )


def test_what_clients_are_told() -> None:
    told = client_environment("http://192.0.2.1:20000/pypi/2018-05-01T00:00:00Z/simple/")
    assert told["PIP_TRUSTED_HOST"] == "192.0.2.1"
    assert told["UV_DEFAULT_INDEX"] == told["PIP_INDEX_URL"]
