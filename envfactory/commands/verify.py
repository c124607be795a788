"""``envfactory verify``: is a dataset still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.trainer import Dataset
    from envfactory.verification import Entry, Wanted


def verify(
    dataset: Annotated[
        Path, typer.Argument(metavar="DATASET", help="Directory of a bundle, or of one of its tasks.")
    ],
    runs: Annotated[int, typer.Option(metavar="N", min=1, help="Runs of the gold and the empty patch.")] = 1,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Also try patches that want a reward without a fix.")
    ] = False,
    attack: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this attack; repeatable.")
    ] = None,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Also grade patches that do the same as the gold patch."),
    ] = False,
    oracle: Annotated[
        bool,
        typer.Option("--oracle", help="Also measure what the tests notice of wrong patches."),
    ] = False,
    jobs: Annotated[
        int, typer.Option("-j", "--jobs", metavar="N", min=1, help="Patches graded at a time.")
    ] = 1,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Grade gold, empty and other patches again. Exit code 1 if anything is not as it must be.

    Verdicts are kept in verification/ beside the dataset; an interrupted run is continued.

    [bold]Examples[/bold]

        envfactory verify envfactory-work/dataset --runs 3

        envfactory verify envfactory-work/dataset --attacks -j 4 --json

        envfactory verify envfactory-work/dataset --variants --oracle
    """
    from envfactory.commands import session
    from envfactory.verification import Wanted

    found = _dataset(dataset)
    wanted = Wanted(runs, attacks or bool(attack), _names(attack or []), variants, oracle)
    path, entries = _carry_out(found, wanted, jobs, quiet)
    told = _told(entries, path)
    if json:
        session.emit(told)
    else:
        _show(told)
    if told["rotten"] or told["faults"]:
        raise typer.Exit(1)


def _dataset(directory: Path) -> Dataset:
    from envfactory.errors import NothingSelected
    from envfactory.trainer import Dataset

    single = (directory / "provenance.json").is_file()
    found = Dataset(directory.absolute().parent.parent if single else directory)
    if single:
        found = found.filter(lambda task: task.directory == directory.absolute())
    if not len(found):
        raise NothingSelected(f"{directory} holds no task", hint="envfactory export writes them")
    return found


def _names(given: list[str]) -> tuple[str, ...]:
    import difflib

    from envfactory.attacks import ATTACKS
    from envfactory.errors import UsageError

    for name in given:
        if name not in ATTACKS:
            close = difflib.get_close_matches(name, ATTACKS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(ATTACKS)}"
            raise UsageError(f"there is no attack {name}", hint=hint)
    return tuple(given)


def _carry_out(dataset: Dataset, wanted: Wanted, jobs: int, quiet: bool) -> tuple[Path, list[Entry]]:
    from envfactory.commands.interrupt import interruptible
    from envfactory.engine import connect
    from envfactory.executors import executor
    from envfactory.verification import Ledger, Verification

    engine = connect()
    header = {
        "dataset": dataset.path.name,
        "tasks": {task.instance_id: task.row["bundle_digest"] for task in dataset},
        "runs": wanted.runs,
        "attacks": list(wanted.names) or wanted.attacks,
        "variants": wanted.variants,
        "oracle": wanted.oracle,
    }
    workers = executor(jobs)
    with (
        interruptible(workers, engine.sweep_own),
        Ledger(dataset.path.parent / "verification", header) as ledger,
    ):
        for entry in Verification(dataset, wanted, engine, ledger).run(workers):
            if not quiet:
                typer.echo(_line(entry), err=True)
        return ledger.finish(), ledger.entries


def _line(entry: Entry) -> str:
    word = {True: "as it must be", False: "NOT AS IT MUST BE", None: _measured(entry)}
    told = word[entry.as_it_must_be] if entry.applied or entry.resolved else "does not apply"
    if not entry.applied and entry.about:
        told = f"there is none: {entry.about}"
    return f"{entry.task} {entry.check} {entry.run}: {told} ({entry.seconds:.1f} s)"


def _measured(entry: Entry) -> str:
    """What is said of a check that has no wanted verdict, or none at all."""
    if entry.fault is not None:
        return f"no verdict: {entry.fault}"
    if entry.changed:
        return f"{len(entry.changed) - len(entry.missed)} of {len(entry.changed)} changed statements run"
    return f"{'survives' if entry.resolved else 'killed'}: {entry.about}" if entry.about else "measured"


def _told(entries: list[Entry], path: Path) -> dict[str, Any]:
    from envfactory.verification import attack_table, oracle_table, rotten, variant_table, verdicts

    of_tasks = verdicts(entries)
    return {
        "ledger": str(path),
        "tasks": of_tasks,
        "rotten": rotten(of_tasks),
        "attacks": attack_table(entries),
        "variants": variant_table(entries),
        "oracle": oracle_table(of_tasks),
        "faults": {task: told["faults"] for task, told in of_tasks.items() if told["faults"]},
    }


def _show(told: dict[str, Any]) -> None:
    tasks = told["tasks"]
    for task, reason in told["rotten"].items():
        typer.echo(f"{task}: {reason}")
    for task, faults in told["faults"].items():
        typer.echo(f"{task}: no verdict: {', '.join(f'{cause} ({n})' for cause, n in faults.items())}")
    for task in (task for task, found in tasks.items() if found["unconfirmed"]):
        typer.echo(f"{task}: no second opinion: none of its tests can be turned around")
    _show_table("attack", told["attacks"])
    _show_table("variant", told["variants"])
    if told["oracle"]:
        _show_oracle(told)
    good = len(tasks) - len({*told["rotten"], *told["faults"]})
    typer.echo(f"{good} of {len(tasks)} tasks are as they must be; ledger: {told['ledger']}")


def _show_table(what: str, table: dict[str, dict[str, int]]) -> None:
    if not table:
        return
    columns = list(next(iter(table.values())))
    typer.echo(f"{what:24}" + "".join(f"{column:>11}" for column in columns))
    for name, row in table.items():
        typer.echo(f"{name:24}" + "".join(f"{row[column]:>11}" for column in columns))
    total = {column: sum(row[column] for row in table.values()) for column in columns}
    typer.echo(f"{'all':24}" + "".join(f"{total[column]:>11}" for column in columns))


def _show_oracle(told: dict[str, Any]) -> None:
    """Per task what wrong patches were noticed, those that were not, and the sums."""
    for task, found in told["tasks"].items():
        if (oracle := found["oracle"]) is None:
            continue
        flag = f"; WEAK: {oracle['why']}" if oracle["weak"] else ""
        typer.echo(f"{task}: {_shares(oracle)}{flag}")
        for survivor in oracle["survivors"]:
            typer.echo(f"  survives: {survivor}")
        for place in oracle["missed"]:
            typer.echo(f"  never run: {place}")
    sums = told["oracle"]
    typer.echo(f"{sums['tasks']} tasks: {_shares(sums)}; {sums['weak']} weak")


def _shares(oracle: dict[str, Any]) -> str:
    told = f"{oracle['killed']} of {oracle['mutants']} mutants and {oracle['partial_killed']} of"
    told += f" {oracle['partial']} partial gold patches killed"
    if oracle["changed_lines"] is not None:
        told += f", {oracle['covered_lines']} of {oracle['changed_lines']} changed statements run"
    return told
