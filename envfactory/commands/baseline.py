"""``envfactory baseline``: how long the reference episodes of a dataset take on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.records import Reference


def baseline(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="Directory of a bundle.")],
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Only these tasks; a sample will do.")
    ] = None,
    runs: Annotated[int, typer.Option(metavar="N", min=1, help="Reference episodes of each task.")] = 3,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--to", metavar="FILE", help="Write it here. [speed-baseline.json by DATASET]"),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Measure what the speed term compares with, on this machine; nothing in DATASET changes.

    Tasks that are not measured get their recorded seconds times the ratio of those that are.

    [bold]Examples[/bold]

        envfactory baseline envfactory-work/dataset

        envfactory baseline envfactory-work/dataset owner__name-12 --runs 5 -o here.json
    """
    from envfactory.commands import session
    from envfactory.errors import NothingSelected
    from envfactory.trainer import Dataset, speed

    found = Dataset(dataset)
    chosen = [task for task in found if not tasks or task.instance_id in tasks]
    lacking = sorted(set(tasks or ()) - set(found.ids))
    if lacking or not chosen:
        raise NothingSelected(f"{dataset} has no task {', '.join(lacking)}".rstrip(), hint="see tasks/")

    def tell(name: str, done: Reference | str) -> None:
        if not quiet:
            typer.echo(f"{name}: {_told(done)}", err=True)

    measured = speed.measure(chosen, runs=runs, tell=tell)
    place = speed.write(to or found.path.parent / speed.NAME, measured)
    if json:
        session.emit({"file": str(place), **session.plain(measured)})
    else:
        typer.echo(
            f"{len(measured.tasks)} of {len(chosen)} tasks measured; this machine takes "
            f"{measured.ratio:.2f} times the recorded seconds; {place}"
        )
    if measured.failed:
        raise typer.Exit(1)


def _told(done: Reference | str) -> str:
    if isinstance(done, str):
        return done
    return ", ".join(f"{seconds:.2f} s" for seconds in done.seconds)
