"""``envfactory grade``: the reward of one patch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envfactory.commands import options
from envfactory.errors import UsageError

if TYPE_CHECKING:
    from envfactory.records import Reward


def grade(
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="Task directory of a bundle, or the id of a task.")
    ],
    patch: Annotated[
        str,
        typer.Option("--patch", metavar="FILE", help="Unified diff; - reads standard input. May be empty."),
    ],
    graded: Annotated[
        bool, typer.Option("--graded", help="Value = fail-to-pass rate x pass-to-pass rate, not 0 or 1.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Value = fail-to-pass rate if all of pass-to-pass passed.")
    ] = False,
    beta: options.Beta = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="What the episode took. [its tests' seconds]")
    ] = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Judge a patch in a pristine container. Exit code 0 whatever the verdict, 1 if there is none.

    [bold]Examples[/bold]

        envfactory grade envfactory-work/dataset/tasks/ID --patch fix.diff

        git diff | envfactory grade ID --patch - --json
    """
    from envfactory.commands import session

    if graded and partial:
        raise UsageError("--graded and --partial exclude each other")
    text = read_patch(patch)
    directory = task_directory(task, workspace, config)
    mode = "graded" if graded else "partial" if partial else "binary"
    reward = judge(directory, text, mode, beta, seconds)
    if json:
        session.emit(session.plain(reward))
    else:
        show(reward)
    if reward.fault is not None:
        raise typer.Exit(1)


def judge(
    directory: Path, patch: str, mode: str, beta: float | None = None, seconds: float | None = None
) -> Reward:
    """The reward; when no verdict can be had, one that says so instead of an exception."""
    from envfactory.errors import StageError
    from envfactory.trainer import Task
    from envfactory.trainer.grading import unjudged

    task = Task(directory).with_speed(beta=beta)
    try:
        return task.grade(patch, mode=mode, completion_seconds=seconds)
    except StageError as error:
        return unjudged(task, error)


def read_patch(name: str) -> str:
    """The patch as text, byte for byte; a file's or standard input's."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the patch {name}: {error.strerror}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"the patch {name} is not UTF-8: {error}", hint="make it with `git diff --binary`"
        ) from error


def task_directory(task: str, workspace: Path | None, config: Path | None) -> Path:
    """A directory as given, else the one of that name in the workspace's dataset."""
    from envfactory.commands import session

    if Path(task).is_dir():
        return Path(task)
    if "/" not in task:
        inside = session.workspace_of(session.settings(workspace, config)).dataset / "tasks" / task
        if inside.is_dir():
            return inside
    raise UsageError(
        f"there is no task {task}",
        hint="give a directory of DATASET/tasks, or the id of a task of this workspace",
    )


def show(reward: Reward) -> None:
    """The reward in a few lines."""
    from collections import Counter

    if reward.fault is not None:
        typer.echo(f"{reward.instance_id}: no verdict, {reward.fault}: {reward.detail}")
        return
    verdict = "resolved" if reward.resolved else "not resolved"
    typer.echo(f"{reward.instance_id}: {verdict}, value {reward.value:g}")
    typer.echo(f"  fail to pass {reward.fail_to_pass_rate:.1%}, pass to pass {reward.pass_to_pass_rate:.1%}")
    if reward.speed:
        typer.echo(f"  speed {reward.speed:.3f}")
    counts = Counter(str(outcome) for outcome in reward.tests.values())
    if counts:
        typer.echo("  tests: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    if reward.tampered:
        typer.echo("  tampered: " + "; ".join(reward.evidence))
    if reward.detail:
        typer.echo(f"  {reward.detail}")
