"""What most commands begin with: settings from all layers, the workspace, its store.

Nothing is created for commands that only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from envfactory.commands.guard import reports
from envfactory.errors import NothingSelected

if TYPE_CHECKING:
    from envfactory.records import Record, Stage
    from envfactory.settings import Settings
    from envfactory.store import Store
    from envfactory.workspace import Workspace


def settings(
    workspace: Path | None = None,
    config: Path | None = None,
    *,
    jobs: int | None = None,
    max_disk: float | None = None,
    max_wait: float | None = None,
    model_statements: str | None = None,
    oracle: bool = False,
) -> Settings:
    """The settings with these flags on top."""
    from envfactory.settings import load

    flags: dict[str, Any] = {"workspace": workspace, "jobs": jobs, "max_disk_gb": max_disk}
    flags |= {"max_wait": max_wait, "model_statements": model_statements, "oracle": oracle or None}
    return load(flags, config=config).settings


def workspace_of(chosen: Settings) -> Workspace:
    """The workspace that the settings name."""
    from envfactory.workspace import Workspace

    return Workspace(chosen.workspace, cache=chosen.cache)


@contextmanager
def reading(chosen: Settings) -> Iterator[tuple[Workspace, Store]]:
    """An existing workspace, read only."""
    from envfactory.store import Store

    workspace = workspace_of(chosen).require()
    reports.set(workspace.reports)
    with Store(workspace.db, read_only=True) as store:
        yield workspace, store


@contextmanager
def writing(chosen: Settings) -> Iterator[tuple[Workspace, Store]]:
    """A workspace, made if need be, held by this process alone."""
    from envfactory.store import Store

    workspace = workspace_of(chosen)
    reports.set(workspace.reports)
    with workspace.lock(), Store(workspace.db) as store:
        yield workspace, store


def selected_keys(store: Store, ids: list[str] | None) -> list[str]:
    """Keys of known pull requests that ``ids`` name; each must match at least one."""
    from envfactory.pipeline import selected

    known = store.keys()
    for wanted in ids or ():
        if not selected(known, [wanted]):
            raise NothingSelected(
                f"no pull request of this workspace is named {wanted!r}", hint="envfactory inspect --list"
            )
    return selected(known, ids or [])


def passed(store: Store, stage: Stage, keys: list[str]) -> list[str]:
    """Those of ``keys`` that got through ``stage``."""
    return [key for key in keys if (entry := store.entry(stage, key)) and entry.status == "ok"]


def emit(data: Any) -> None:
    """One JSON value on one line of standard output."""
    typer.echo(json.dumps(data, ensure_ascii=False, default=str))


def plain(record: Record) -> dict[str, Any]:
    """A record as JSON-ready data."""
    return record.model_dump(mode="json")
