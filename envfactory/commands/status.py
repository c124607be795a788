"""``envfactory status``: what became of every pull request, stage by stage."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.store import Store


def status(
    workspace: options.Workspace = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show the funnel (at every stage, in = out + rejected + failed) and what each rung of building brought.

    [bold]Examples[/bold]

        envfactory status

        envfactory status --json
    """
    from envfactory.commands import session
    from envfactory.pipeline.dataset import counts
    from envfactory.pipeline.evidence import ladder

    with session.reading(session.settings(workspace, config)) as (place, store):
        stages = counts(store)
        digest = manifest_digest(place.dataset)
        waiting = pending(store)
        unfinished = sorted({one.key for one in store.unfinished()})
        rungs = ladder(store)
    if json:
        data = {"stages": stages, "ladder": rungs, "tasks": stages["extract"]["out"], "pending": waiting}
        session.emit(
            data | {"workspace": str(place.root), "dataset_digest": digest, "unfinished": unfinished}
        )
    else:
        show(stages, waiting, digest, place.dataset)
        show_ladder(rungs)


def pending(store: Store) -> dict[str, int]:
    """How many pull requests wait for each stage."""
    let_through = {"mine": len(store.keys())}
    let_through["build"] = sum(entry.status == "ok" for entry in store.entries("mine"))
    let_through["extract"] = sum(entry.status == "ok" for entry in store.entries("build"))
    done: dict[str, int] = dict.fromkeys(let_through, 0)
    for entry in store.entries():
        done[entry.stage] += 1
    return {stage: let_through[stage] - done[stage] for stage in let_through}


def manifest_digest(dataset: Path) -> str | None:
    """The digest that the dataset's manifest tells, if there is one."""
    try:
        digest = json_module.loads((dataset / "manifest.json").read_bytes())["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(digest)


def show(stages: dict[str, Any], waiting: dict[str, int], digest: str | None, dataset: Path) -> None:
    """The funnel as a table, and the reasons below it."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("stage", "in", "out", "rejected", "failed", "waiting"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for stage, numbers in stages.items():
        rejected, failed = (sum(numbers[way].values()) for way in ("rejected", "failed"))
        row = (numbers["in"], numbers["out"], rejected, failed, waiting[stage])
        table.add_row(stage, *map(str, row))
    console.print(table)
    for way in ("rejected", "failed"):
        for stage, numbers in stages.items():
            for reason, count in numbers[way].items():
                console.print(f"{count:>6}  {stage} {way}: {reason}", markup=False, soft_wrap=True)
    tail = f"{stages['extract']['out']} tasks"
    console.print(f"{tail} in {dataset} (digest {digest})" if digest else tail, markup=False, soft_wrap=True)


def show_ladder(rungs: dict[str, Any]) -> None:
    """What each rung of the building ladder brought, as a table; nothing when nothing was built."""
    from rich.console import Console
    from rich.table import Table

    if not rungs["rungs"]:
        return
    console = Console(highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    names = ("rung", "environments", "tries", "helped", "refused", "seconds", "USD")
    for name in names:
        table.add_column(name, justify="left" if name == "rung" else "right")
    for row in rungs["rungs"]:
        numbers = (row[name] for name in ("environments", "tries", "helped", "refused"))
        label = ": ".join(filter(None, (row["rung"], row["kind"])))
        table.add_row(label, *map(str, numbers), f"{row['seconds']:.0f}", f"{row['cost_usd']:.4f}")
    reuse = rungs["reuse"]
    table.add_row("reuse", str(reuse["environments"]), str(reuse["tries"]), *[""] * 4)
    console.print(table)
    note = f"{rungs['environments']} environments, {rungs['without']} pull requests without one"
    console.print(f"{note}; what was reused counts in the rows above it as well", soft_wrap=True)
