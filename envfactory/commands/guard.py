"""Where every exception of a command ends: a message, a hint and the exit code that it means.

Never shows a traceback for what we can explain.  What we cannot explain is a bug: exit 70 and a
report file that can be pasted into an issue.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from envfactory import __version__
from envfactory.errors import EXIT_BUG, EXIT_INTERRUPTED, FactoryError

ISSUES = "please report it with this file"
reports: ContextVar[Path | None] = ContextVar("reports", default=None)
"""Where reports go: a folder of the workspace once a command has opened one, else the temporary one."""


class Guarded(TyperGroup):
    """A command group whose commands end with the exit codes of ``envfactory.errors``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn what it raises into ``typer.Exit``."""
        try:
            return super().invoke(ctx)
        except FactoryError as error:
            explain(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output left; Python must not complain again while it shuts down.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise
            report_bug(error)
            raise typer.Exit(EXIT_BUG) from None


def log_to_stderr() -> None:
    """Log lines of libraries go where messages go; standard output belongs to data."""
    from stamina import instrumentation

    # Where structlog happens to be installed, stamina would tell of retries on standard output.
    instrumentation.set_on_retry_hooks([instrumentation.LoggingOnRetryHook])


def explain(error: FactoryError) -> None:
    """The message on standard error, and what to do next."""
    typer.echo(f"error: {error}", err=True)
    if error.hint:
        typer.echo(f"  try: {error.hint}" if _is_command(error.hint) else f"  {error.hint}", err=True)


def report_bug(error: BaseException, directory: Path | None = None) -> Path | None:
    """Write a pasteable report and say where it is."""
    text = "".join(traceback.format_exception(error))
    path = write_report(text, directory or reports.get())
    typer.echo(f"error: this is a bug in envfactory: {type(error).__name__}: {error}", err=True)
    typer.echo(f"  {ISSUES}: {path}" if path else text, err=True)
    return path


def write_report(text: str, directory: Path | None = None) -> Path | None:
    """A file with ``text`` and what we know about the machine, in ``directory`` or the temporary one."""
    now = datetime.now(UTC)
    name = f"envfactory-report-{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    head = [
        f"envfactory {__version__} · Python {platform.python_version()} · {platform.platform()}",
        f"command: {' '.join(sys.argv)}",
        f"time: {now.isoformat(timespec='seconds')}",
        "",
    ]
    for folder in filter(None, (directory, Path(tempfile.gettempdir()))):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("\n".join(head) + "\n" + text, encoding="utf-8")
            return folder / name
        except OSError:
            continue
    return None


def _is_command(hint: str) -> bool:
    return hint.startswith("envfactory ")
