"""``envfactory check-overlap``: which tasks of a data set are in a benchmark that models are judged by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.exporters.overlap import Compared
    from envfactory.mining.overlap import Benchmark


def check_overlap(
    dataset: Annotated[
        Path,
        typer.Argument(metavar="DATASET", help="A bundle, or a .jsonl or .parquet file.", show_default=False),
    ],
    against: Annotated[
        list[str],
        typer.Option(
            "--against",
            metavar="FILE",
            help="Benchmark: a .jsonl or .parquet file, a folder, or a Hugging Face id; repeatable.",
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the marked rows here (.jsonl, .parquet), not into DATASET."),
    ] = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Mark the tasks that are also in a benchmark, in the column ``overlap``.

    A task is in a benchmark if (repository, number), base commit or normalised patch is. A bundle's
    indexes are rewritten with the marks; a single file is never changed, it needs --to.

    [bold]Examples[/bold]

        envfactory check-overlap envfactory-work/dataset --against swe-bench.jsonl

        envfactory check-overlap rows.parquet --against a.jsonl --against b.parquet --to marked.parquet
    """
    from envfactory.commands import session
    from envfactory.exporters import overlap

    check_targets(dataset, to, dry_run)
    benchmarks = [read(source) for source in against]
    found = overlap.compare(dataset.expanduser(), benchmarks)
    if not dry_run and to is not None:
        overlap.write_rows(found.rows, to)
    elif not dry_run:
        overlap.mark(dataset.expanduser(), found.rows)
    written = None if dry_run else to or dataset
    if json:
        session.emit(
            report(found, benchmarks) | {"dataset": str(dataset), "written": written and str(written)}
        )
    elif not quiet:
        show(found, benchmarks, written)


def check_targets(dataset: Path, to: Path | None, dry_run: bool) -> None:
    """Refuse what could not be written before anything is read."""
    from envfactory.errors import UsageError

    if to is None and not dry_run and dataset.is_file():
        raise UsageError(f"{dataset} is not a bundle, and files are not changed", hint="--to FILE")
    if to is not None and to.suffix not in (".jsonl", ".parquet"):
        raise UsageError(f"cannot tell a format from {to.name}", hint="name a .jsonl or .parquet file")


def read(source: str) -> Benchmark:
    """The benchmark of one ``--against``; its name is the file's or the id."""
    from envfactory.errors import UsageError
    from envfactory.exporters.benchmark import benchmark_rows
    from envfactory.mining.overlap import Benchmark

    path = Path(source)
    benchmark = Benchmark(path.stem if path.exists() else source, benchmark_rows(source))
    if not benchmark.usable():
        raise UsageError(
            f"no row of {source} tells a pull request, a base commit or a patch",
            hint="it needs columns as SWE-bench has them: instance_id, repo, base_commit, patch",
        )
    return benchmark


def report(found: Compared, benchmarks: list[Benchmark]) -> dict[str, object]:
    """What ``--json`` prints."""
    return {
        "rows": len(found.rows),
        "overlapping": len(found.matches),
        "benchmarks": {benchmark.name: len(benchmark) for benchmark in benchmarks},
        "matches": {name: [match._asdict() for match in some] for name, some in found.matches.items()},
    }


def show(found: Compared, benchmarks: list[Benchmark], written: Path | None) -> None:
    """One line per overlapping task, and a sum."""
    for name, matches in found.matches.items():
        for match in matches:
            typer.echo(f"{name}  {match.benchmark}/{match.instance_id}  by {', '.join(match.by)}")
    names = ", ".join(f"{benchmark.name} ({len(benchmark)} rows)" for benchmark in benchmarks)
    typer.echo(f"{len(found.matches)} of {len(found.rows)} tasks are in {names}", err=True)
    if written is not None:
        typer.echo(f"marked in {written}", err=True)
