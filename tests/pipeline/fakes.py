"""Small records and small stage functions: what the pipeline does is the same for any."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from envfactory.pipeline import Inputs, StageTable
from envfactory.records import Candidate, PullRequest, Record, Rejection

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def pull_request(number: int, title: str = "Fix it") -> PullRequest:
    return PullRequest(
        repo="sample/words",
        number=number,
        title=title,
        base_commit=f"{number:040x}",
        head_commit=f"{number + 1:040x}",
        merge_kind="squash",
        created_at=MOMENT,
        merged_at=MOMENT,
        source="git",
    )


def candidate(pull: PullRequest) -> Candidate:
    return Candidate(
        pull_request=pull,
        language="python",
        base_tree="0" * 40,
        after_tree="1" * 40,
        gold_patch=f"gold {pull.title}",
        test_patch="test",
        source_files=("words.py",),
        test_files=("test_words.py",),
        test_modules=("test_words.py",),
        problem_statement="It is broken.",
        statement_parts=(),
    )


class House(Record):
    """What the fake build stage returns."""

    MEASURED = frozenset({"seconds"})
    of: str
    seconds: float = 0.0


class Key(Record):
    """What the fake extract stage returns."""

    to: str
    runs: int


Fault = Callable[[int], Record | None]
"""Called with the number of the try (from 1): returns a rejection, raises, or ``None`` to go on."""


@dataclass
class Works:
    """A stage table whose stages do as told, and count."""

    faults: Mapping[tuple[str, int], Fault] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: {"extract": {"runs": 3}})
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    gone: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def table(self) -> StageTable:
        return StageTable(
            mine=lambda inputs: self.work("mine", inputs, candidate(inputs.pull_request)),
            build=lambda inputs: self.work("build", inputs, self.house(inputs)),
            extract=lambda inputs: self.work("extract", inputs, self.key(inputs)),
            built=House,
            present=lambda house: house.of not in self.gone,
            settings=self.settings,
        )

    def house(self, inputs: Inputs) -> House:
        assert inputs.candidate is not None
        self.gone.discard(inputs.candidate.gold_patch)
        return House(of=inputs.candidate.gold_patch, seconds=float(sum(self.calls.values())))

    def key(self, inputs: Inputs) -> Key:
        return Key(to=inputs.built.of, runs=self.settings["extract"]["runs"])

    def work(self, stage: str, inputs: Inputs, result: Record) -> Record:
        number = inputs.pull_request.number
        with self.lock:
            self.calls[(stage, number)] += 1
            tries = self.calls[(stage, number)]
        fault = self.faults.get((stage, number))
        way_out = fault(tries) if fault else None
        return way_out or result


def rejects(stage: str, number: int, reason: str = "no_tests") -> Fault:
    rejection = Rejection(key=pull_request(number).key, stage=stage, reason=reason)  # type: ignore[arg-type]
    return lambda tries: rejection


def raises(error: Exception, times: int = 1_000_000) -> Fault:
    def fault(tries: int) -> None:
        if tries <= times:
            raise error

    return fault
