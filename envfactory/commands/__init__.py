"""The command line.  Each command is one small module; what it does lives in the stages.

Importing this module loads typer and nothing heavy: Docker, git and pydantic are imported inside the
commands that use them, so that ``envfactory --help`` is quick.
"""

from __future__ import annotations

from typing import Annotated

import typer

from envfactory import __version__
from envfactory.commands import (
    baseline,
    build,
    check_overlap,
    clean,
    config,
    doctor,
    export,
    extract,
    grade,
    index,
    inspect,
    mine,
    run,
    serve,
    status,
    verify,
)
from envfactory.commands.guard import Guarded, log_to_stderr
from envfactory.commands.options import HELP_NAMES

app = typer.Typer(
    name="envfactory",
    cls=Guarded,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings=HELP_NAMES,
    help=(
        "Turn merged pull requests into RL tasks for software-engineering agents.\n\n"
        "[bold]Examples[/bold]\n\n"
        "    envfactory run path/to/clone --limit 20     everything, resumable\n\n"
        "    envfactory status                           what became of every pull request\n\n"
        "    envfactory grade envfactory-work/dataset/tasks/ID --patch fix.diff\n\n"
        "    envfactory doctor                           is this machine ready"
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"envfactory {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    log_to_stderr()


MAKING, USING, KEEPING = "Make tasks", "Use tasks", "Look after"

app.command("run", rich_help_panel=MAKING)(run.run)
app.command("mine", rich_help_panel=MAKING)(mine.mine)
app.command("build", rich_help_panel=MAKING)(build.build)
app.command("extract", rich_help_panel=MAKING)(extract.extract)
app.command("export", rich_help_panel=USING)(export.export)
app.command("grade", rich_help_panel=USING)(grade.grade)
app.command("serve", rich_help_panel=USING)(serve.serve)
app.command("verify", rich_help_panel=USING)(verify.verify)
app.command("baseline", rich_help_panel=USING)(baseline.baseline)
app.command("check-overlap", rich_help_panel=USING)(check_overlap.check_overlap)
app.command("status", rich_help_panel=KEEPING)(status.status)
app.command("inspect", rich_help_panel=KEEPING)(inspect.inspect)
app.command("doctor", rich_help_panel=KEEPING)(doctor.doctor)
app.command("clean", rich_help_panel=KEEPING)(clean.clean)
app.add_typer(index.app, name="index", rich_help_panel=KEEPING)
app.add_typer(config.app, name="config", rich_help_panel=KEEPING)

__all__ = ["app"]
