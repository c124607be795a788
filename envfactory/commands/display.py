"""Progress on standard error: a live picture on a terminal, plain lines anywhere else.

On a terminal: one bar over all pull requests with counts, and a line for each that is being worked on,
with its stage and seconds.  Elsewhere one line per finished stage.  Standard output is never used.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from envfactory.records import Failure, Record, Rejection
from envfactory.store import Entry


def outcome(result: Record) -> tuple[str, str]:
    """A word and a detail for how a stage ended."""
    if isinstance(result, Rejection):
        return "rejected", result.reason
    if isinstance(result, Failure):
        return "FAILED", result.cause
    return "ok", ""


class Lines:
    """One line per event; for logs, pipes and CI."""

    COUNT_EVERY = 30.0
    """Seconds between lines that say how much is done."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._total = self._settled = self._known = 0
        self._told = time.monotonic()
        self._left = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._known and kind is None:
            self._say(f"{self._known} of {self._total} were done before")

    def mining(self, source: str, found: int) -> None:
        """How far the miner is."""
        self._say(f"mining {source}: {found} pull requests{f' ({self._left})' if self._left else ''}")

    def remark(self, source: str, text: str) -> None:
        """Something that happens while mining."""
        self._say(f"mining {source}: {text}")

    def budget(self, source: str, text: str) -> None:
        """What is left of a remote budget: a line of its own now and then, and beside what was found."""
        self._left = text
        if text and time.monotonic() - self._told >= self.COUNT_EVERY:
            self._told = time.monotonic()
            self._say(f"mining {source}: {text}")

    def total(self, count: int) -> None:
        """How much there is to do."""
        self._total = count

    def started(self, stage: str, key: str) -> None:
        """A stage begins."""
        if self._verbose:
            self._say(f"{stage:<7} {key} …")

    def finished(self, stage: str, key: str, result: Record, seconds: float, *, again: bool) -> None:
        """A stage ended."""
        word, detail = outcome(result)
        if stage == "mine" and word == "ok" and not self._verbose:
            return
        line = f"{stage:<7} {key} {word}{f' {detail}' if detail else ''} ({seconds:.1f} s)"
        if isinstance(result, Failure):
            line += f"{', trying again' if again else ''} log: {result.log}"
        elif isinstance(result, Rejection) and self._verbose and result.detail:
            line += f": {result.detail}"
        self._say(line)

    def settled(self, key: str, entry: Entry | None, *, fresh: bool) -> None:
        """A pull request needs nothing more."""
        self._settled += 1
        self._known += not fresh
        if time.monotonic() - self._told >= self.COUNT_EVERY:
            self._told = time.monotonic()
            self._say(f"{self._settled} of {self._total} done")

    def _say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


class Picture:
    """A live picture; a context manager."""

    SHOWN = 16
    """Lines for running tasks; more would push the bar off small screens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Bar(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._task = self._bar.add_task("mining", total=None)
        self._running: dict[tuple[str, str], float] = {}
        self._counts: Counter[str] = Counter()
        self._remark = ""
        self._live = Live(self, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Picture:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __rich__(self) -> Group:
        counts = "  ".join(f"{word} {count}" for word, count in sorted(self._counts.items()))
        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for (stage, key), started in list(self._running.items())[: self.SHOWN]:
            table.add_row(stage, key, f"{now - started:.0f} s")
        return Group(self._bar, Text(counts or self._remark, style="dim"), table)

    def mining(self, source: str, found: int) -> None:
        """How far the miner is."""
        self._bar.update(self._task, description=f"mining {source}", completed=found)

    def remark(self, source: str, text: str) -> None:
        """Something that happens while mining."""
        self._bar.update(self._task, description=f"mining {source}")
        self._remark = text

    def budget(self, source: str, text: str) -> None:
        """What is left of a remote budget."""
        self.remark(source, text)

    def total(self, count: int) -> None:
        """How much there is to do."""
        self._bar.update(self._task, description="pull requests", total=count, completed=0)

    def started(self, stage: str, key: str) -> None:
        """A stage begins."""
        self._running[(stage, key)] = time.monotonic()

    def finished(self, stage: str, key: str, result: Record, seconds: float, *, again: bool) -> None:
        """A stage ended; failures stay on the screen."""
        self._running.pop((stage, key), None)
        if isinstance(result, Failure):
            note = ", trying again" if again else ""
            text = Text(f"{stage} {key} failed: {result.cause}{note}, log: {result.log}", style="red")
            self._console.print(text, soft_wrap=True)

    def settled(self, key: str, entry: Entry | None, *, fresh: bool) -> None:
        """A pull request needs nothing more."""
        word: str = "nothing" if entry is None else entry.status
        if entry is not None and entry.status == "ok":
            word = {"mine": "candidates", "build": "built", "extract": "tasks"}[entry.stage]
        self._counts[word] += 1
        self._bar.advance(self._task)


def display(*, verbose: bool, quiet: bool) -> Any:
    """What fits the terminal and the flags; a context manager that is a ``Progress``."""
    console = Console(stderr=True, highlight=False)
    if quiet:
        from envfactory.commands.quiet import Quiet

        return Quiet()
    if console.is_terminal and not verbose:
        return Picture(console)
    return Lines(console, verbose=verbose)
