"""The index is made once, asked about politely, and never from broken files."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envfactory.debian import PackageLookup, catalogue
from envfactory.debian.catalogue import open_index
from envfactory.debian.sources import System
from envfactory.errors import StageError
from tests.debian.archive import CONTENTS, PACKAGES, Archive

ANOTHER = "usr/include/another.h  libdevel/libanother-dev\n"


def test_made_once_then_not_asked_again(archive: Archive, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: open_index([archive.source], tmp_path), range(4)))
    assert len({index.path for index in found}) == 1
    assert [item.package for item in found[0].candidates("zlib.h")] == ["zlib1g-dev"]
    asked = archive.take()
    assert [status for _, status in asked] == [200] * 4
    assert sorted(path.suffix for path in (tmp_path / "debian").iterdir()) == [".json", ".lock", ".sqlite"]


def test_a_day_later_only_changes_are_fetched(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_index([archive.source], tmp_path)
    archive.take()
    monkeypatch.setattr(catalogue, "DAY", 0.0)
    assert open_index([archive.source], tmp_path).path == first.path
    assert archive.take() == [("InRelease", 304)]
    archive.publish(CONTENTS + ANOTHER, PACKAGES, by_hash=False)
    second = open_index([archive.source], tmp_path)
    assert second.path != first.path
    assert second.candidates("another.h")
    assert not first.candidates("another.h")
    assert ("Contents-amd64.gz", 200) in archive.take()


@pytest.mark.parametrize("part", ["Contents-amd64", "by-hash", "Packages"])
@pytest.mark.parametrize("by_hash", [True, False])
def test_a_broken_download_is_no_index(archive: Archive, tmp_path: Path, part: str, by_hash: bool) -> None:
    archive.publish(CONTENTS, PACKAGES, by_hash=by_hash)
    archive.spoil(part)
    broken = not by_hash and part != "by-hash"
    if broken:
        with pytest.raises(StageError, match="other bytes"):
            open_index([archive.source], tmp_path)
        assert not list((tmp_path / "debian").glob("*.sqlite"))
        archive.publish(CONTENTS, PACKAGES)
    # The other address of the same file is as good.
    assert open_index([archive.source], tmp_path).exists("libicu72")
    assert not list((tmp_path / "debian").glob(".*"))


def test_when_nobody_answers(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_index([archive.source], tmp_path)
    monkeypatch.setattr(catalogue, "DAY", 0.0)
    archive.files = {path: data for path, data in archive.files.items() if "InRelease" not in path}
    with caplog.at_level(logging.WARNING):
        assert open_index([archive.source], tmp_path).path == first.path
    assert "using the index made earlier" in caplog.text


def test_offline(archive: Archive, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    system = System((archive.source,))
    with caplog.at_level(logging.WARNING):
        lookup = PackageLookup(lambda: system, tmp_path, offline=True)
        assert [lookup("header", "zlib.h"), lookup("header", "jpeglib.h")] == ["", ""]
    assert len(caplog.records) == 1
    assert archive.take() == []
    open_index([archive.source], tmp_path)
    archive.take()
    assert PackageLookup(lambda: system, tmp_path, offline=True)("header", "zlib.h") == "zlib1g-dev"
    assert archive.take() == []


def test_a_broken_state_or_index_is_made_again(archive: Archive, tmp_path: Path) -> None:
    first = open_index([archive.source], tmp_path)
    (state,) = (tmp_path / "debian").glob("*.json")
    state.write_text("{")
    assert open_index([archive.source], tmp_path).path == first.path
    first.path.unlink()
    assert open_index([archive.source], tmp_path).candidates("zlib.h")


def test_nothing_is_asked_before_the_first_question(archive: Archive, tmp_path: Path) -> None:
    def system() -> System:
        archive.asked.append(("system", 0))
        return System((archive.source,), frozenset({"zlib1g-dev"}))

    lookup = PackageLookup(system, tmp_path)
    assert lookup("unknown kind", "x") == ""
    assert archive.take() == []
    assert lookup("header", "zlib.h") == "", "installed already"
    assert lookup("header", "jpeglib.h") == "libjpeg62-turbo-dev"
    assert archive.take()[0] == ("system", 0)
