"""``envfactory index``: the dated package indexes for clients outside of the factory, and their ledgers."""

from __future__ import annotations

import shlex
import signal
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envfactory.commands import options
from envfactory.commands.options import HELP_NAMES
from envfactory.errors import FactoryError, StageError, UsageError

if TYPE_CHECKING:
    from envfactory.timemachine import LedgerEntry, TimeMachine

app = typer.Typer(
    help="Serve package indexes as of a date.", no_args_is_help=True, context_settings=HELP_NAMES
)


@app.callback()
def _index() -> None:
    pass


Date = Annotated[
    str, typer.Option(metavar="DATE", help="Of the addresses printed: YYYY-MM-DD or ...THH:MM:SSZ. [now]")
]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Listen on this address. [127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=65535, help="Listen on this port; 0: any free one.")
]
Offline = Annotated[bool, typer.Option("--offline", help="Use only what is in the cache.")]
Written = Annotated[
    Path | None, typer.Option(metavar="FILE", help="At the end, write here what was handed out.")
]
Replayed = Annotated[Path | None, typer.Option(metavar="FILE", help="Show only what this ledger lists.")]


@app.command()
def serve(
    date: Date = "",
    host: Host = "127.0.0.1",
    port: Port = None,
    offline: Offline = False,
    ledger: Written = None,
    replay: Replayed = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Serve the indexes of Python, npm and apt as of any date until Ctrl-C.

    Prints the addresses and the variables that clients need. For another date, write it into them.

    [bold]Examples[/bold]

        envfactory index serve --date 2021-06-01

        envfactory index serve --date 2021-06-01 --ledger build.jsonl --json

        envfactory index serve --replay build.jsonl --offline
    """
    from envfactory.commands import session
    from envfactory.timemachine import TimeMachine
    from envfactory.timemachine import ledger as ledgers

    cutoff = moment(date)
    if ledger is not None and ledger.exists() and ledger.stat().st_size:
        raise UsageError(f"{ledger} exists; --replay is what reads a ledger", hint="name another file")
    chosen = session.settings(None, config)
    listed = None if replay is None else ledgers.read(replay)
    machine = TimeMachine(chosen.cache, [host], offline=offline or chosen.offline, replay=listed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        show(clients_of(machine.start(port), cutoff), cutoff, json)
        threading.Event().wait()
    finally:
        machine.close()
        if ledger is not None:
            ledgers.write(ledger, machine.ledger())
            typer.echo(f"{ledger}: {len(machine.ledger())} files were handed out", err=True)


def moment(date: str) -> datetime:
    """The date of the option; now if it is empty."""
    from envfactory.timemachine.facts import parse_date

    try:
        return parse_date(date) if date else datetime.now(UTC)
    except ValueError as error:
        raise UsageError(f"--date: {error}") from None


def show(clients: dict[str, Any], cutoff: datetime, json: bool) -> None:
    """Tell clients where to find what."""
    from envfactory.commands import session

    if json:
        session.emit({"date": f"{cutoff:%Y-%m-%dT%H:%M:%SZ}", "clients": clients})
    else:
        typer.echo(as_shell(clients))
    typer.echo("serving until Ctrl-C …", err=True)


def clients_of(machine: TimeMachine, cutoff: datetime) -> dict[str, Any]:
    """Ecosystem -> address, variables and files of its clients; without those that have no upstream."""
    found: dict[str, Any] = {}
    for name in machine.ecosystems:
        try:
            setup = machine.client_setup(name, cutoff)
        except FactoryError as error:
            typer.echo(f"{name}: {error}", err=True)
            continue
        found[name] = {
            "url": machine.url(name, cutoff),
            "environment": dict(setup.environment),
            "files": dict(setup.files),
        }
    return found


def as_shell(clients: dict[str, Any]) -> str:
    """Lines for a shell; what needs files first is a comment, since they belong into a container."""
    lines = []
    for name, client in clients.items():
        lines.append(f"# {name}: {client['url']}")
        for path, text in client["files"].items():
            lines += [f"#   {path}:", *(f"#     {line}" for line in text.splitlines())]
        start = "#   " if client["files"] else ""
        lines += [f"{start}export {key}={shlex.quote(value)}" for key, value in client["environment"].items()]
    return "\n".join(lines)


@app.command("ledger")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A ledger that serve wrote.")],
    json: options.Json = False,
) -> None:
    """Show what a ledger lists and whether it can be true; exit code 1 if not.

    [bold]Examples[/bold]

        envfactory index ledger build.jsonl

        envfactory index ledger build.jsonl --json
    """
    from envfactory.commands import session
    from envfactory.timemachine import ledger as ledgers

    entries = ledgers.read(file)
    wrong = ledgers.contradictions(entries)
    rules = Counter(entry.rule for entry in entries)
    if json:
        found = [session.plain(entry) for entry in entries]
        session.emit({"entries": found, "rules": dict(rules), "contradictions": wrong})
    else:
        for entry in entries:
            typer.echo(_line(entry))
        typer.echo(f"{len(entries)} files: " + ", ".join(f"{rules[rule]} {rule}" for rule in sorted(rules)))
    if wrong:
        raise StageError(f"{file}: " + "; ".join(wrong), cause="ledger_contradiction")


def _line(entry: LedgerEntry) -> str:
    when = f"{entry.upload_time:%Y-%m-%d}" if entry.upload_time else "----------"
    return f"{when} {entry.rule:8} {entry.sha256[:12]} {entry.ecosystem} {entry.name} {entry.version}"
