"""What progress looks like on a terminal and elsewhere."""

from __future__ import annotations

import io

from rich.console import Console

from envfactory.commands.display import Lines, Picture
from envfactory.commands.quiet import Quiet
from envfactory.records import Failure, Rejection
from envfactory.store import Entry
from tests.pipeline.fakes import House

FAILURE = Failure(key="a/b#2", stage="build", cause="build_step_failed", log="build.log")
REJECTION = Rejection(key="a/b#3", stage="mine", reason="no_tests", detail="[bold]none[/bold]")


def entry(key: str, status: str) -> Entry:
    return Entry("extract", key, key, "d", status, "", False, "d")  # type: ignore[arg-type]


def play(progress: Lines | Picture | Quiet) -> None:
    with progress:
        progress.mining("clone", 3)
        progress.total(3)
        progress.started("build", "a/b#1")
        progress.finished("build", "a/b#1", House(of="x"), 12.34, again=False)
        progress.settled("a/b#1", entry("a/b#1", "ok"), fresh=True)
        progress.started("build", "a/b#2")
        progress.finished("build", "a/b#2", FAILURE, 1.0, again=True)
        progress.finished("mine", "a/b#3", REJECTION, 0.1, again=False)
        progress.settled("a/b#3", entry("a/b#3", "rejected"), fresh=True)
        progress.settled("a/b#4", None, fresh=False)
        if isinstance(progress, Picture):
            shown = io.StringIO()
            Console(file=shown, width=100, force_terminal=False).print(progress)
            assert "2 of 3" in shown.getvalue() or "3/3" in shown.getvalue()
            assert "tasks 1" in shown.getvalue() and "rejected 1" in shown.getvalue()


def test_lines() -> None:
    out = io.StringIO()
    play(Lines(Console(file=out, width=20), verbose=True))
    lines = out.getvalue().splitlines()
    assert "mining clone: 3 pull requests" in lines
    assert "build   a/b#1 ok (12.3 s)" in lines
    assert "build   a/b#2 FAILED build_step_failed (1.0 s), trying again log: build.log" in lines
    assert "mine    a/b#3 rejected no_tests (0.1 s): [bold]none[/bold]" in lines, "no markup in foreign text"
    assert lines[-1] == "1 of 3 were done before"


def test_picture() -> None:
    out = io.StringIO()
    play(Picture(Console(file=out, width=100, force_terminal=True)))
    assert "build_step_failed, trying again" in out.getvalue()


def test_quiet() -> None:
    play(Quiet())
