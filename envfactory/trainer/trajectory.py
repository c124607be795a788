"""What happened in an episode, as JSON lines with timings: thoughts, tool calls, results, the reward.

One object per line: ``event``, ``at`` (seconds since the start of the episode), ``seconds`` that it took
where it took time, and what belongs to the event.  Lines are written as things happen, so a crash keeps
what was before it.  A trajectory never influences an episode.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from envfactory.errors import UsageError

MAX_TEXT = 65_536
"""Characters of one text that are kept; the rest is counted."""
AGENT_EVENTS = frozenset({"start", "reasoning", "tool_call", "end"})
"""Events in which the container does nothing."""


class Timings(NamedTuple):
    """Where the time of an episode went, in seconds."""

    completion: float
    """From the start to the first grading, else to the last event: the T of speed rewards."""
    environment: float
    """Of that, in commands and file operations."""
    agent: float
    """Of that, between them: the model and its tools."""
    grading: float


class Trajectory:
    """Appends events to a file; without a path it keeps nothing.  Usable by several threads.

    Raises ``UsageError`` for a file that cannot be written.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._file: IO[str] | None = None
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the trajectory {path}: {error}") from error

    def write(self, event: str, *, seconds: float | None = None, **fields: Any) -> None:
        """One line; texts longer than ``MAX_TEXT`` are cut, unknown types become text."""
        if self._file is None:
            return
        now = time.monotonic() - self._started
        line: dict[str, Any] = {"event": event, "at": round(now - (seconds or 0.0), 4)}
        if seconds is not None:
            line["seconds"] = round(seconds, 4)
        line |= {key: _kept(value) for key, value in fields.items()}
        text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
        with self._lock:
            if self._file is not None:
                self._file.write(text)
                self._file.flush()

    def begin(self, **fields: Any) -> None:
        """The first line of an episode, with the time of day (UTC)."""
        self._started = time.monotonic()
        self.write("start", time=datetime.now(UTC).isoformat(timespec="milliseconds"), **fields)

    @contextmanager
    def timed(self, event: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """Time the block and write it with what the block put into the mapping, or with its error."""
        began, found = time.monotonic(), dict(fields)
        try:
            yield found
        except BaseException as error:
            found["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.write(event, **{**found, "seconds": time.monotonic() - began})

    def close(self) -> None:
        """The last line; closing twice is fine."""
        self.write("end")
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            file.close()


def read(path: str | Path) -> list[dict[str, Any]]:
    """The events of a file, without a last line that a crash cut off.  Raises ``UsageError``."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the trajectory {path}: {error}") from error
    events = []
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line) if line else None
        except ValueError as error:
            if number == len(lines):
                break
            raise UsageError(f"{path}:{number} is not JSON: {error}") from error
        if event is not None:
            events.append(event)
    return events


def timings(events: Iterable[Mapping[str, Any]]) -> Timings:
    """Where the time of one episode went."""
    environment = grading = 0.0
    completion: float | None = None
    last = 0.0
    for event in events:
        seconds = float(event.get("seconds", 0.0))
        if event["event"] == "grade":
            grading += seconds
            completion = float(event["at"]) if completion is None else completion
            continue
        last = max(last, float(event["at"]) + seconds)
        if completion is None and event["event"] not in AGENT_EVENTS:
            environment += seconds
    total = last if completion is None else completion
    return Timings(total, environment, max(total - environment, 0.0), grading)


def _kept(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}[... {len(value) - MAX_TEXT} characters left out ...]"
    return value
