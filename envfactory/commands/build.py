"""``envfactory build``: images for candidates, or again for a task of a bundle."""

from __future__ import annotations

from pathlib import Path

import typer

from envfactory.commands import options


def build(
    ids: options.Ids = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    jobs: options.Jobs = None,
    max_disk: options.MaxDisk = None,
    redo: options.Redo = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Build and prove the environments of candidates; all of them if no ID is given.

    An ID may also be a task directory of a bundle: its image is built from what the bundle holds.

    [bold]Examples[/bold]

        envfactory build

        envfactory build 'owner__name-*' -j 2

        envfactory build dataset/tasks/owner__name-12
    """
    from envfactory.commands import production, session

    chosen = session.settings(workspace, config, jobs=jobs, max_disk=max_disk)
    directories = [Path(one) for one in ids or () if (Path(one) / "task.toml").is_file()]
    names = [one for one in ids or () if Path(one) not in directories]
    if directories:
        rebuild(directories, dry_run=dry_run, json=json)
        if not names:
            return
    if dry_run:
        show_dry_run(chosen.workspace, config, names, "mine", json)
        return
    session.workspace_of(chosen).require()
    production.produce(
        chosen,
        production.Order(
            stages=("build",),
            keys=lambda store, _: session.passed(store, "mine", session.selected_keys(store, names)),
            nothing="no candidate to build; `envfactory mine SOURCE` finds some",
            redo=production.stages_of(redo),
            need_images=True,
            json=json,
            verbose=verbose,
            quiet=quiet,
        ),
    )


def rebuild(directories: list[Path], *, dry_run: bool, json: bool) -> None:
    """Make the images of task directories, unless they are there."""
    from envfactory.commands import session
    from envfactory.trainer import Task

    found = [Task(directory) for directory in directories]
    engine = None
    for task in found:
        data = {"instance_id": task.instance_id, "image": task.image}
        if not dry_run:
            from envfactory.engine import connect
            from envfactory.trainer.images import ensure_image

            engine = engine or connect()
            data["image"] = ensure_image(engine, task)
        if json:
            session.emit(data)
        else:
            typer.echo(f"{data['instance_id']}  {data['image']}")


def show_dry_run(workspace: Path, config: Path | None, names: list[str], after: str, json: bool) -> None:
    """List what would be worked on."""
    from envfactory.commands import session
    from envfactory.errors import NothingSelected

    with session.reading(session.settings(workspace, config)) as (_, store):
        keys = session.passed(
            store, "mine" if after == "mine" else "build", session.selected_keys(store, names)
        )
        if not keys:
            raise NothingSelected("nothing to do")
        for key in keys:
            if json:
                session.emit({"key": key})
            else:
                typer.echo(key)
