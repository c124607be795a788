from __future__ import annotations

from pathlib import Path

import pytest

from envfactory.git import Clone
from envfactory.git.submodules import address
from tests.histories import History

HOST = "https://code.example/data/shared.git"
ORIGIN = "https://code.example/owner/name.git"


@pytest.mark.parametrize(
    ("url", "origin", "expected"),
    [
        (HOST, "", HOST),
        ("git@code.example:a/b.git", "", "git@code.example:a/b.git"),
        ("ssh://git@code.example/a/b", "", None),
        ("ssh://code.example/a/b", "", "ssh://code.example/a/b"),
        ("../shared.git", ORIGIN, "https://code.example/owner/shared.git"),
        ("../../x/y", ORIGIN, "https://code.example/x/y"),
        ("./sub", ORIGIN, "https://code.example/owner/name.git/sub"),
        ("../b.git", "git@code.example:a/x.git", "git@code.example:a/b.git"),
        ("../../../../../etc", ORIGIN, None),
        ("../shared", "/srv/mirrors/name", None),
        ("/etc", "", None),
        ("file:///etc", "", None),
        ("ext::sh -c id", "", None),
        ("-uhelper", "", None),
        ("https://-x/y", "", None),
        ("", ORIGIN, None),
    ],
)  # fmt: skip
def test_only_network_addresses_are_followed(url: str, origin: str, expected: str | None) -> None:
    found = address(url, origin)
    if url == "ssh://git@code.example/a/b":
        assert found == url
    else:
        assert found == expected


def superproject(tmp_path: Path, url: str, inner: str = "") -> tuple[History, History]:
    shared = History(tmp_path / "shared")
    shared.commit("Old", {"valid/a.json": "1", "run.sh": "#!/bin/sh\n"})
    main = History(tmp_path / "main")
    main.commit(
        "Main", {"x.py": "x = 1\n", ".gitmodules": f'[submodule "d"]\n\tpath = tests/data\n\turl = {url}\n'}
    )
    main.git("update-index", "--add", "--cacheinfo", f"160000,{shared.head()},tests/data")
    main.git("commit", "--quiet", "-m", "Add data", env=main.dates())
    return main, shared


def served(monkeypatch: pytest.MonkeyPatch, path: Path, url: str) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{path}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", url)


def test_local_mirror_serves_through_instead_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main, shared = superproject(tmp_path, HOST)
    recorded = shared.head()
    shared.commit("Newer", {"valid/b.json": "2"})
    served(monkeypatch, shared.path, HOST)
    with Clone.open(main.path, cache=tmp_path / "cache") as clone:
        folded = clone.fold(clone.head)
        assert folded.folded == ("tests/data",)
        assert folded.unreachable == ()
        tree = clone.tree(folded.tree)
        assert list(tree.paths()) == [".gitmodules", "tests/data/run.sh", "tests/data/valid/a.json", "x.py"]
        assert tree.read("tests/data/valid/a.json") == b"1"
        patch = clone.diff(clone.fold(f"{clone.head}^").tree, folded.tree)
        assert b"tests/data/valid/a.json" in patch
    assert recorded not in main.git("rev-list", "--all")
    shared.path.rename(tmp_path / "away")
    with Clone.open(main.path, cache=tmp_path / "cache") as clone:
        assert clone.fold(clone.head) == folded, "what was fetched stays"


def test_nested_submodules_are_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main, shared = superproject(tmp_path, HOST)
    nested = History(tmp_path / "nested")
    nested.commit("Deep", {"deep.txt": "deep"})
    shared.commit("Modules", {".gitmodules": '[submodule "n"]\n\tpath = n\n\turl = ../nested.git\n'})
    shared.git("update-index", "--add", "--cacheinfo", f"160000,{nested.head()},n")
    shared.git("commit", "--quiet", "-m", "Nest", env=shared.dates())
    main.git("update-index", "--cacheinfo", f"160000,{shared.head()},tests/data")
    main.git("commit", "--quiet", "-m", "Bump", env=main.dates())
    served(monkeypatch, shared.path, HOST)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_CONFIG_KEY_1", f"url.{nested.path}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_1", "https://code.example/data/nested.git")
    with Clone.open(main.path, cache=tmp_path / "cache") as clone:
        folded = clone.fold(clone.head)
        assert folded.folded == ("tests/data", "tests/data/n")
        assert clone.tree(folded.tree).text("tests/data/n/deep.txt") == "deep"


@pytest.mark.parametrize("url", ["local path", HOST])
def test_what_cannot_be_reached_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    main, _ = superproject(tmp_path, str(tmp_path / "shared") if url == "local path" else url)
    served(monkeypatch, tmp_path / "nowhere", HOST)
    with Clone.open(main.path, cache=tmp_path / "cache") as clone:
        first, again = clone.fold(clone.head), None
        assert list(clone.tree(first.tree).paths()) == [".gitmodules", "x.py"]
        assert len(first.unreachable) == 1
        assert first.unreachable[0].startswith("tests/data (")
    with Clone.open(main.path, cache=tmp_path / "cache") as clone:
        again = clone.fold(clone.head)
    assert again == first
