"""What a workspace's store says about the pull requests of a list: their ends, times and sizes.

Only reads.  Every figure is computed from records; a figure that cannot be known is ``None``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import mean, median
from typing import Any

from envfactory.builder import Built
from envfactory.pipeline.evidence import ladder
from envfactory.records import STAGES, Failure, Rejection, Task
from envfactory.store import Store
from envfactory.store.funnel import funnel


@dataclass
class Row:
    """One pull request of the list."""

    key: str
    end: str = "not mined"
    """``task``, ``rejected:<reason>``, ``failed:<cause>`` or ``not mined``."""
    stage: str = ""
    """The last stage it reached."""
    detail: str = ""
    environment: bool = False
    rung: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage -> wall clock of all attempts."""
    test_seconds: float = 0.0
    """Wall clock of the recorded test runs."""
    test_cpu_seconds: float = 0.0
    """Processor time of the same runs."""
    build_seconds: dict[str, float] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    fail_to_pass: int = 0
    pass_to_pass: int = 0
    flaky: int = 0

    @property
    def core_seconds(self) -> float:
        """Of a task: processor time of its recorded test runs, wall clock (at one core) of all the rest."""
        return self.test_cpu_seconds + max(0.0, sum(self.seconds.values()) - self.test_seconds)

    def as_json(self) -> dict[str, Any]:
        """Without the layers, which only make sense together."""
        data = asdict(self)
        del data["layers"]
        return data | {"layer_bytes": sum(self.layers.values()), "core_seconds": round(self.core_seconds, 2)}


def rows(store: Store, keys: Iterable[str]) -> list[Row]:
    """One row per pull request of the list, in its order."""
    return [_row(store, key) for key in keys]


def _row(store: Store, key: str) -> Row:
    row = Row(key)
    for attempt in store.attempts(key):
        if attempt.finished:
            spent = datetime.fromisoformat(attempt.finished) - datetime.fromisoformat(attempt.started)
            row.seconds[attempt.stage] = row.seconds.get(attempt.stage, 0.0) + spent.total_seconds()
    for stage in STAGES:
        entry = store.entry(stage, key)
        if entry is None:
            break
        row.stage = stage
        row.end = "task" if entry.status == "ok" else f"{entry.status}:{entry.reason}"
        if entry.status == "ok":
            _products(row, store, stage)
        else:
            way_out = store.record(stage, key, Rejection if entry.status == "rejected" else Failure)
            row.detail = way_out.detail if isinstance(way_out, Rejection | Failure) else ""
    if row.end == "task" and row.stage != "extract":
        row.end = f"unfinished after {row.stage}"
    return row


def _products(row: Row, store: Store, stage: str) -> None:
    if stage == "build" and (built := store.record("build", row.key, Built)):
        environment = built.environment
        row.environment = True
        made = environment.made_by
        row.rung = ": ".join(filter(None, (made.rung, made.kind))) if made else environment.spec.rung
        row.build_seconds = phases(environment.seconds)
        row.layers = {layer.diff_id: layer.bytes for layer in environment.image.layers}
    if stage == "extract" and (task := store.record("extract", row.key, Task)):
        row.test_seconds = sum(report.seconds for report in task.reports)
        row.test_cpu_seconds = sum(report.cpu_seconds for report in task.reports)
        row.fail_to_pass = len(task.reward_spec.fail_to_pass)
        row.pass_to_pass = len(task.reward_spec.pass_to_pass)
        row.flaky = len(task.reward_spec.flaky)


def summary(store: Store, table: list[Row]) -> dict[str, Any]:
    """The figures of the whole list."""
    keys = {row.key for row in table}
    tasks = [row for row in table if row.end == "task"]
    return {
        "pull_requests": len(table),
        "stages": stages(store, keys),
        "not_mined": [row.key for row in table if row.end == "not mined"],
        "environments": sum(row.environment for row in table),
        "rungs": dict(Counter(row.rung for row in table if row.environment).most_common()),
        "ladder": ladder(store, keys),
        "tasks": len(tasks),
        "seconds_by_stage": {
            stage: _spread([r.seconds[stage] for r in table if stage in r.seconds]) for stage in STAGES
        },
        "seconds_by_build_phase": _phases(table),
        "core_seconds_per_task": _spread([row.core_seconds for row in tasks]),
        "disk": disk(tasks),
    }


def stages(store: Store, keys: Collection[str]) -> dict[str, Any]:
    """The funnel of these pull requests."""
    counts = funnel(entry for entry in store.entries() if entry.key in keys)
    return {stage: count.as_json() for stage, count in counts.items()}


def disk(tasks: list[Row]) -> dict[str, Any]:
    """Bytes of the tasks' images with every shared layer counted once."""
    users = Counter(layer for row in tasks for layer in row.layers)
    sizes = {layer: size for row in tasks for layer, size in row.layers.items()}
    shared = sum(sizes[layer] for layer, count in users.items() if count > 1)
    total = sum(sizes.values())
    megabytes = 1e6
    return {
        "total_mb": round(total / megabytes, 1),
        "shared_mb": round(shared / megabytes, 1),
        "mb_per_task": round(total / megabytes / len(tasks), 1) if tasks else None,
        "own_mb_per_task": round((total - shared) / megabytes / len(tasks), 1) if tasks else None,
        "further_task_mb": _spread([size / megabytes for size in further(tasks)]),
    }


def further(tasks: list[Row]) -> list[int]:
    """Bytes that each task adds to those before it in the list, a repository's first task left out."""
    seen: set[str] = set()
    met: set[str] = set()
    found = []
    for row in tasks:
        new = {layer: size for layer, size in row.layers.items() if layer not in seen}
        seen |= new.keys()
        repo = row.key.partition("#")[0]
        if repo in met:
            found.append(sum(new.values()))
        met.add(repo)
    return found


def phases(seconds: Mapping[str, float]) -> dict[str, float]:
    """The named parts of a build and what is left of its total: tries that were given up."""
    parts = {name: value for name, value in seconds.items() if name != "total"}
    rest = seconds.get("total", 0.0) - sum(parts.values())
    return parts | ({"other tries": rest} if rest > 0 else {})


def _phases(table: list[Row]) -> dict[str, float]:
    total: Counter[str] = Counter()
    for row in table:
        total.update(row.build_seconds)
    return {phase: round(seconds, 1) for phase, seconds in total.most_common()}


def _spread(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"sum": 0.0, "median": None, "mean": None, "max": None}
    figures = {"sum": sum(values), "median": median(values), "mean": mean(values), "max": max(values)}
    return {name: round(value, 2) for name, value in figures.items()}
