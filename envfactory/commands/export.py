"""``envfactory export``: the tasks of a workspace in the formats that others read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.settings import Settings

DEFAULT_FORMAT = "bundle"


def export(
    ids: options.Ids = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="LIST",
            help="Of bundle, swebench, swebench-repo, harbor, parquet, hub, swe-rebench, multi-swe.",
        ),
    ] = DEFAULT_FORMAT,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where to write; a folder per format if several. [WORKSPACE/dataset]"
        ),
    ] = None,
    thin: Annotated[
        bool, typer.Option("--thin", help="Leave out what images are built from; needs the images.")
    ] = False,
    lists: Annotated[bool, typer.Option("--lists", help="Test ids as lists, not as JSON strings.")] = False,
    workspace: options.Workspace = None,
    config: options.Config = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Write valid tasks as datasets; all of them if no ID is given.

    [bold]Examples[/bold]

        envfactory export --to my-dataset

        envfactory export --format swebench,parquet --to exports --lists
    """
    from envfactory.commands import session
    from envfactory.errors import UsageError

    formats = formats_of(format)
    if to is None and (formats != [DEFAULT_FORMAT] or ids or thin):
        raise UsageError("--to DIR is needed for anything but the whole bundle in WORKSPACE/dataset")
    chosen = session.settings(workspace, config)
    target = to or session.workspace_of(chosen).dataset
    written = {name: target if len(formats) == 1 else target / name for name in formats}
    names = write(chosen, ids, {} if dry_run else written, thin=thin, lists=lists)
    if json:
        session.emit({"tasks": names, "written": {name: str(path) for name, path in written.items()}})
    elif not quiet:
        for name, directory in written.items():
            verb = "would write" if dry_run else "wrote"
            typer.echo(f"{verb} {len(names)} tasks as {name} to {directory}", err=True)


def formats_of(text: str) -> list[str]:
    """The names in ``--format``."""
    from envfactory.errors import UsageError
    from envfactory.exporters import EXPORTERS

    formats = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in formats if name not in EXPORTERS]
    if unknown or not formats:
        raise UsageError(f"unknown format {', '.join(unknown)!r}", hint=f"known: {', '.join(EXPORTERS)}")
    return formats


def write(
    chosen: Settings, ids: list[str] | None, written: Mapping[str, Path], *, thin: bool, lists: bool
) -> list[str]:
    """Export the selected tasks to each directory; returns their ids."""
    from envfactory.commands import session
    from envfactory.errors import NothingSelected
    from envfactory.exporters import EXPORTERS
    from envfactory.pipeline.dataset import export_context, tasks

    with session.reading(chosen) as (place, store):
        keys = session.selected_keys(store, ids)
        names = [task.instance_id for task in tasks(store, keys)]
        if not names:
            raise NothingSelected("there is no valid task to export", hint="envfactory status")
        with export_context(store, place.cache, thin=thin, lists=lists) as context:
            for name, directory in written.items():
                EXPORTERS[name].export(tasks(store, keys), directory, context)
    return names
