from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envfactory.errors import CloneError, UsageError
from envfactory.git import Clone
from tests.histories import PROJECT, History, project


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def snapshot(path: Path) -> dict[str, tuple[int, float]]:
    return {str(file): (file.stat().st_size, file.stat().st_mtime) for file in path.rglob("*")}


def apply(clone: Clone, base: str, *patches: bytes) -> str:
    index = {"GIT_INDEX_FILE": str(clone.view / "test-index")}
    clone.git("read-tree", base, env=index)
    for patch in patches:
        if patch:
            clone.git("apply", "--cached", "--whitespace=nowarn", "-", input=patch, env=index)
    return clone.git("write-tree", env=index).decode().strip()


@pytest.mark.parametrize(
    "shape", ["work tree", "bare", "bare without config", "linked work tree", "git folder"]
)
def test_opens_every_shape_of_clone_and_never_writes_into_it(tmp_path: Path, cache: Path, shape: str) -> None:
    history = project(tmp_path / "origin")
    path = history.path
    if shape.startswith("bare"):
        path = tmp_path / "mirror.git"
        history.git("clone", "--quiet", "--bare", str(history.path), str(path))
        if "without" in shape:
            (path / "config").unlink()
            for name in ("description", "info", "hooks"):
                subprocess.run(["rm", "-rf", str(path / name)], check=True)
    elif shape == "linked work tree":
        path = tmp_path / "linked"
        history.git("worktree", "add", "--quiet", str(path), "-b", "other")
    elif shape == "git folder":
        path = history.path / ".git"
    before = snapshot(path)
    with Clone.open(path, cache=cache) as clone:
        folded = clone.fold(clone.head)
        assert clone.tree(folded.tree).text("README.md") == "# pack\n"
        assert folded.tree == history.tree("HEAD")
        assert not clone.partial
        assert not clone.shallow
    assert snapshot(path) == before


def test_repo_is_read_from_origin_else_from_the_folder(tmp_path: Path, cache: Path) -> None:
    history = project(tmp_path / "my clone")
    assert Clone.open(history.path, cache=cache).repo == "local/my-clone"
    for url in (
        "https://host.example/owner/name.git",
        "git@host.example:owner/name",
        "ssh://git@host.example/owner/name/",
    ):
        history.git("config", "remote.origin.url", url)
        assert Clone.open(history.path, cache=cache).repo == "owner/name"
    assert Clone.open(history.path, cache=cache, repo="x/y").repo == "x/y"


def test_no_repository_empty_and_corrupt_are_told_apart(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "plain").mkdir()
    for path in (tmp_path / "plain", tmp_path / "absent"):
        with pytest.raises(UsageError, match="no git repository"):
            Clone.open(path, cache=cache)
    empty = History(tmp_path / "empty")
    with pytest.raises(UsageError, match="without any commit"):
        Clone.open(empty.path, cache=cache)
    broken = project(tmp_path / "broken")
    (broken.path / ".git" / "packed-refs").write_text("this is not a reference\n")
    with pytest.raises(CloneError) as caught:
        Clone.open(broken.path, cache=cache)
    assert caught.value.cause == "clone_corrupt"


def test_tree_reads_exact_bytes_and_odd_names(tmp_path: Path, cache: Path) -> None:
    history = History(tmp_path / "r")
    names = ["with space.txt", "ünïcode/ß.txt", "new\nline", 'quo"te', "-dash", "tab\there"]
    history.commit("odd", {name: f"{name}\r\n" for name in names} | {"big": b"x" * 2_000_000})
    (history.path / "link").symlink_to("../../etc/passwd")
    history.commit("link", {})
    with Clone.open(history.path, cache=cache) as clone:
        tree = clone.tree(clone.head)
        assert list(tree.paths()) == sorted([*names, "big", "link"])
        for name in names:
            assert tree.read(name) == f"{name}\r\n".encode()
        assert tree.mode("link") == "120000"
        assert tree.read("link") == b"../../etc/passwd"
        assert tree.read("absent") is None
        assert tree.text("big") is None
        with pytest.raises(CloneError) as caught:
            tree.read("big")
        assert caught.value.cause == "file_too_large"
        assert len(tree.read("big", limit=None) or b"") == 2_000_000
        assert tree.glob("*/ß.txt") == ["ünïcode/ß.txt"]


def test_patches_reproduce_every_kind_of_change(tmp_path: Path, cache: Path) -> None:
    history = History(tmp_path / "r")
    base = history.commit(
        "base",
        {"a.py": "x = 1\n", "latin": "caf\xe9\n".encode("latin-1"), "bin": b"\0\1\2" * 99,
         "crlf": "a\r\nb\r\n", "gone": "1\n", "name/file": "1\n",
         ".gitattributes": "*.py -diff\ncrlf text eol=lf\n"},
    )  # fmt: skip
    history.git("update-index", "--chmod=+x", "a.py")
    (history.path / "name" / "file").unlink()
    (history.path / "name").rmdir()
    (history.path / "link").symlink_to("/outside")
    after = history.commit(
        "after",
        {"a.py": "x = 2\n", "latin": "th\xe9\n".encode("latin-1"), "bin": b"\0\3" * 99, "crlf": "a\r\nc\r\n",
         "gone": None, "name": "now a file", "ünï code\n.txt": "new"},
    )  # fmt: skip
    with Clone.open(history.path, cache=cache) as clone:
        patch = clone.diff(base, after)
        patch.decode()
        assert apply(clone, base, patch) == history.tree(after)
        assert b"+x = 2" in patch, "attributes of the repository must not hide text"
        one, other = ["a.py", "name", "name/file"], ["latin", "bin", "crlf", "gone", "link", "ünï code\n.txt"]
        assert apply(
            clone, base, clone.diff(base, after, other), clone.diff(base, after, one)
        ) == history.tree(after)
        assert clone.diff(base, after, []) == b""
        assert {change.status for change in clone.changes(base, after)} == {"A", "M", "D"}


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
names = st.sampled_from(["a", "b c", "d/e", "d/f", "ü", "g/h/i"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(names, st.one_of(text, st.binary(max_size=40)), min_size=1),
    after=st.dictionaries(names, st.one_of(text, st.binary(max_size=40)), min_size=1),
    chosen=st.sets(names),
)
def test_two_halves_of_a_change_make_the_whole(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str], chosen: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("halves")
    history = History(folder / "r")
    first = history.commit("before", before)
    second = history.commit("after", {name: None for name in before if name not in after} | after)
    with Clone.open(history.path, cache=folder / "cache") as clone:
        paths = [change.path for change in clone.changes(first, second)]
        halves = [
            clone.diff(first, second, [path for path in paths if (path in chosen) is side])
            for side in (True, False)
        ]
        assert apply(clone, first, *halves) == history.tree(second)


def test_bundle_holds_one_root_commit_and_is_the_same_every_time(tmp_path: Path, cache: Path) -> None:
    history = project(tmp_path / "r")
    history.git("tag", "v1.0")
    history.git("tag", "later-without-number")
    later = history.commit("Secret fix", {"src/pack/core.py": "def double(x):\n    return 2 * x\n"})
    history.git("gc", "--quiet", "--aggressive")
    with Clone.open(history.path, cache=cache) as clone:
        tag = clone.nearest_tag(later)
        assert tag == "v1.0"
        tree = clone.fold(f"{later}^").tree
        first = clone.source_bundle(tree, tag=tag, message="pack", destination=tmp_path / "one.bundle")
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(history.path), str(tmp_path / "copy")], check=True
    )
    with Clone.open(tmp_path / "copy", cache=tmp_path / "cache2") as clone:
        tree = clone.fold(f"{later}^").tree
        again = clone.source_bundle(tree, tag=tag, message="pack", destination=tmp_path / "two.bundle")
    assert first == again
    assert (tmp_path / "one.bundle").read_bytes() == (tmp_path / "two.bundle").read_bytes()
    out = tmp_path / "testbed"
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "one.bundle"), str(out)], check=True)

    def ask(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=out, capture_output=True, check=True)
        return done.stdout.decode().split()

    assert ask("rev-list", "--all") == [first]
    assert ask("describe", "--tags") == ["v1.0"]
    assert ask("status", "--porcelain") == []
    assert later not in ask("cat-file", "--batch-all-objects", "--batch-check")
    assert (out / "src/pack/core.py").read_text() == PROJECT["src/pack/core.py"]


def test_shallow_and_partial_clones_are_named(tmp_path: Path, cache: Path) -> None:
    history = project(tmp_path / "r")
    first = history.head()
    second = history.commit(
        "Two", {"big.bin": "b" * 5000, "src/pack/core.py": "def double(x):\n    return 2 * x\n"}
    )
    history.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{history.path}"
    history.git("clone", "--quiet", "--bare", "--depth=1", url, str(tmp_path / "shallow"))
    with Clone.open(tmp_path / "shallow", cache=cache) as clone:
        assert clone.shallow
        assert clone.has(second)
        assert not clone.has(first)
    history.git("clone", "--quiet", "--bare", "--filter=blob:limit=1k", url, str(tmp_path / "partial"))
    with Clone.open(tmp_path / "partial", cache=cache) as clone:
        assert clone.partial
        folded = clone.fold(second)
        assert folded.missing == ("big.bin",)
        assert list(clone.tree(folded.tree).paths()) == sorted(PROJECT)
        assert clone.tree(second).read("big.bin") is None
        clone.source_bundle(folded.tree, tag=None, message="m", destination=tmp_path / "p.bundle")


def test_callers_environment_cannot_point_elsewhere(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = project(tmp_path / "r")
    other = project(tmp_path / "other")
    other.commit("Other", {"x": "x"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent/index")
    with Clone.open(history.path, cache=cache) as clone:
        assert clone.head == history.head()
    assert "GIT_DIR" in os.environ
