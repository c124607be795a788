"""``envfactory config``: every setting, its value and where that was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli_w
import typer

from envfactory.commands import options
from envfactory.commands.options import HELP_NAMES

if TYPE_CHECKING:
    from envfactory.settings import Loaded

app = typer.Typer(help="Show the configuration.", no_args_is_help=True, context_settings=HELP_NAMES)


@app.callback()
def _config() -> None:
    pass


@app.command()
def show(
    workspace: options.Workspace = None,
    config: options.Config = None,
    jobs: options.Jobs = None,
    json: options.Json = False,
) -> None:
    """Print every setting with its value and origin, as a configuration file.

    [bold]Examples[/bold]

        envfactory config show

        envfactory config show > envfactory.toml

        ENVFACTORY_RUNS=5 envfactory config show --json
    """
    from envfactory.commands import session
    from envfactory.settings import load, meanings, values

    loaded = load({"workspace": workspace, "jobs": jobs}, config=config)
    found = values(loaded.settings)
    meaning = meanings()
    if json:
        session.emit(
            {
                key: {"value": value, "origin": loaded.origins[key], "meaning": meaning[key]}
                for key, value in found.items()
            }
        )
        return
    typer.echo(as_toml(loaded))


def as_toml(loaded: Loaded) -> str:
    """An ``envfactory.toml`` that says the same, with meanings and origins as comments."""
    from envfactory.settings import meanings, values

    meaning = meanings()
    lines = []
    table = ""
    for key, value in values(loaded.settings).items():
        head, _, name = key.rpartition(".")
        if head != table:
            table = head
            lines += [f"[{head}]"]
        shown = tomli_w.dumps({name: value}).strip() if value is not None else f"# {name} ="
        note = f"now {loaded.settings.workers}" if key == "jobs" and value is None else loaded.origins[key]
        lines += [f"# {meaning[key]}", f"{shown}  # {note}", ""]
    return "\n".join(lines).rstrip()
