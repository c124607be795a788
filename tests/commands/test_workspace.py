"""Paths, atomic writes and the lock of a workspace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from envfactory.errors import NothingSelected, UsageError
from envfactory.workspace import Workspace, user_cache, write_atomic


def test_naming_paths_makes_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    task = workspace.task("owner__name-1")
    assert task.trial_log("after", 2) == tmp_path / "w/tasks/owner__name-1/logs/trial-after-2.log"
    assert not workspace.root.exists()
    with pytest.raises(NothingSelected):
        workspace.require()
    assert not workspace.root.exists()


def test_make_and_clear(tmp_path: Path) -> None:
    task = Workspace(tmp_path).task("a").make()
    (task.work / "x").write_text("x")
    task.clear_work()
    assert task.logs.is_dir() and not task.work.exists()


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "/etc", "a\0b"])
def test_only_plain_names_are_tasks(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        Workspace(tmp_path).task(name)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(UsageError, match="cannot make"):
        Workspace(tmp_path / "f" / "w").make()


def test_write_atomic_keeps_the_old_content_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    write_atomic(target, "old")
    with pytest.raises(TypeError):
        write_atomic(target, 3)  # type: ignore[arg-type]
    assert target.read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["file"]
    write_atomic(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_second_process_is_refused_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from envfactory.workspace import Workspace\n"
    code += "with Workspace(Path(sys.argv[1])).lock(): print('held')"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with Workspace(tmp_path).lock():
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert "another envfactory process" in done.stderr
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "held\n"


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENVFACTORY_CACHE", str(tmp_path / "c"))
    assert user_cache() == tmp_path / "c"
    assert Workspace(tmp_path).cache == tmp_path / "c"
