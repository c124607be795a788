"""The common part of ``run``, ``mine``, ``build`` and ``extract``: carry out a plan and tell the result.

Each of them says which pull requests and which stages; how work is run, interrupted, reported and
turned into an exit code is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import typer

from envfactory.commands import session
from envfactory.commands.display import display
from envfactory.commands.guard import write_report
from envfactory.commands.interrupt import interruptible
from envfactory.errors import EXIT_BUG, NothingSelected, UsageError
from envfactory.executors import executor
from envfactory.pipeline import Plan, Progress, Summary, process
from envfactory.pipeline.dataset import Dataset, counts
from envfactory.pipeline.factory import Factory
from envfactory.records import STAGES, Failure, Stage

if TYPE_CHECKING:
    from envfactory.settings import Settings
    from envfactory.store import Store
    from envfactory.workspace import Workspace

ABSENT = "pull_request_not_found"
"""A miner's reason for a number that it was asked for and that the source does not have."""
SHOWN = 10
"""Failures named at the end of a run."""
Keys = Callable[["Store", Progress], list[str]]


@dataclass(frozen=True)
class Order:
    """What a command wants done."""

    stages: tuple[Stage, ...]
    keys: Keys
    nothing: str
    """What to say when no pull request is selected."""
    redo: frozenset[Stage] = frozenset()
    need_images: bool = False
    json: bool = False
    verbose: bool = False
    quiet: bool = False


def stages_of(names: list[str] | None) -> frozenset[Stage]:
    """The stages that ``--redo`` names."""
    for name in names or ():
        if name not in STAGES:
            raise UsageError(f"--redo {name}: no such stage", hint=f"one of {', '.join(STAGES)}")
    return frozenset(cast("Stage", name) for name in names or ())


def produce(chosen: Settings, order: Order) -> None:
    """Carry out an order; raises ``typer.Exit`` with the exit code that its result means."""
    plan = Plan(order.stages, order.redo, chosen.max_attempts, order.need_images)
    with session.writing(chosen) as (workspace, store), Factory(workspace, chosen) as factory:
        workers = executor(chosen.workers)
        with interruptible(workers, factory.remove_containers):
            dataset = Dataset(workspace.dataset, store, workspace.cache)
            with display(verbose=order.verbose, quiet=order.quiet) as progress:
                keys = order.keys(store, progress)
                if not keys:
                    raise NothingSelected(order.nothing)
                result = process(
                    keys,
                    store=store,
                    table=factory.table(),
                    plan=plan,
                    executor=workers,
                    workspace=workspace,
                    progress=progress,
                    task_found=dataset.add,
                )
            if "extract" in order.stages:
                dataset.finish()
        tell(order, workspace, store, result, dataset)
        code = exit_code(result, dataset, workspace, store)
    if code:
        raise typer.Exit(code)


def tell(order: Order, workspace: Workspace, store: Store, result: Summary, dataset: Dataset) -> None:
    """The result: JSON on standard output, or a few lines on standard error."""
    from envfactory.commands.status import manifest_digest

    found = [key for key, entry in result.last.items() if (entry.stage, entry.status) == ("extract", "ok")]
    if order.json:
        data: dict[str, Any] = {"stages": counts(store), "selected": len(result.last), "tasks": len(found)}
        if "extract" in order.stages:
            data |= {"dataset": str(workspace.dataset), "dataset_digest": manifest_digest(workspace.dataset)}
        session.emit(data)
    if order.quiet:
        return
    words = _counted(result)
    typer.echo(f"{len(result.last)} pull requests: {words}", err=True)
    tell_failures(result, store)
    for instance_id, why in dataset.trouble.items():
        typer.echo(f"  {instance_id} could not be exported: {why}", err=True)
    if "extract" in order.stages:
        typer.echo(f"dataset: {workspace.dataset}", err=True)


def tell_failures(result: Summary, store: Store) -> None:
    """The first few failures, each with its log."""
    for key in result.failed[:SHOWN]:
        failure = store.record(result.last[key].stage, key, Failure)
        if failure is not None:
            why = failure.detail.partition("\n")[0][:200]
            typer.echo(f"  {failure.stage} {key} failed: {failure.cause}: {why} ({failure.log})", err=True)
    if len(result.failed) > SHOWN:
        typer.echo(f"  and {len(result.failed) - SHOWN} more: envfactory inspect --list", err=True)


def _counted(result: Summary) -> str:
    numbers: dict[str, int] = {}
    for entry in result.last.values():
        products = {"mine": "candidates", "build": "environments", "extract": "tasks"}
        word = products[entry.stage] if entry.status == "ok" else entry.status
        numbers[word] = numbers.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in sorted(numbers.items())) or "none"


def exit_code(result: Summary, dataset: Dataset, workspace: Workspace, store: Store) -> int:
    """70 for bugs of ours, 1 for trouble with the machine or when nothing but failures came of it.

    Raises ``NothingSelected`` when only numbers were asked for that do not exist.
    """
    if all(entry.reason == ABSENT for entry in result.last.values()):
        raise NothingSelected(f"none of the {len(result.last)} pull requests asked for is in the source")
    if result.bugs:
        parts = []
        for key in result.bugs:
            failure = store.record(result.last[key].stage, key, Failure)
            if failure is not None:
                parts.append(f"--- {failure.stage} {key}\n{_log(failure)}")
        path = write_report("\n".join(parts), workspace.reports)
        typer.echo(
            f"error: a bug in envfactory met {len(parts)} pull requests; please report {path}", err=True
        )
        return EXIT_BUG
    only_failures = bool(result.last) and len(result.failed) == len(result.last)
    if result.faults or only_failures or dataset.trouble:
        typer.echo("some failed for reasons of the machine; the same command tries them again", err=True)
        return 1
    return 0


def _log(failure: Failure) -> str:
    from pathlib import Path

    try:
        return Path(failure.log).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return failure.detail


__all__ = ["Order", "produce", "stages_of"]
