"""Progress for ``--quiet``: failures only."""

from __future__ import annotations

import typer

from envfactory.pipeline import Silent
from envfactory.records import Failure, Record


class Quiet(Silent):
    """Tells what failed for good, and nothing else."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def finished(self, stage: str, key: str, result: Record, seconds: float, *, again: bool) -> None:
        """One line for a failure."""
        if isinstance(result, Failure) and not again:
            typer.echo(f"{stage} {key} failed: {result.cause}, log: {result.log}", err=True)
