"""``envfactory export``: the tasks of a workspace in the formats that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from envfactory.commands import options

DEFAULT_FORMAT = "bundle"


def export(
    ids: options.Ids = None,
    format: Annotated[
        str,
        typer.Option("--format", metavar="LIST", help="Of bundle, swebench, harbor, parquet; with commas."),
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
    from envfactory.errors import NothingSelected, UsageError
    from envfactory.exporters import EXPORTERS
    from envfactory.pipeline.dataset import export_context, tasks

    formats = [name.strip() for name in format.split(",") if name.strip()]
    unknown = [name for name in formats if name not in EXPORTERS]
    if unknown or not formats:
        raise UsageError(f"unknown format {', '.join(unknown)!r}", hint=f"known: {', '.join(EXPORTERS)}")
    chosen = session.settings(workspace, config)
    if to is None and (formats != [DEFAULT_FORMAT] or ids or thin):
        raise UsageError("--to DIR is needed for anything but the whole bundle in WORKSPACE/dataset")
    with session.reading(chosen) as (place, store):
        keys = session.selected_keys(store, ids)
        names = [task.instance_id for task in tasks(store, keys)]
        if not names:
            raise NothingSelected("there is no valid task to export", hint="envfactory status")
        target = to or place.dataset
        written = {name: target if len(formats) == 1 else target / name for name in formats}
        if not dry_run:
            with export_context(store, place.cache, thin=thin, lists=lists) as context:
                for name, directory in written.items():
                    EXPORTERS[name].export(tasks(store, keys), directory, context)
    if json:
        session.emit({"tasks": names, "written": {name: str(path) for name, path in written.items()}})
    elif not quiet:
        for name, directory in written.items():
            verb = "would write" if dry_run else "wrote"
            typer.echo(f"{verb} {len(names)} tasks as {name} to {directory}", err=True)
