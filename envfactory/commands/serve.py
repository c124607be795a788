"""``envfactory serve``: episodes of a dataset over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envfactory.commands import options
from envfactory.errors import PrerequisiteError, UsageError

if TYPE_CHECKING:
    from envfactory.trainer import Dataset

DEFAULT_PORT = 8700


def serve(
    dataset: Annotated[
        Path | None,
        typer.Argument(metavar="[DATASET]", help="Directory with tasks/. [WORKSPACE/dataset]"),
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Listen on this address.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Listen on this port; 0: any free one.")
    ] = DEFAULT_PORT,
    size: Annotated[int, typer.Option(metavar="N", min=1, help="Episodes at a time.")] = 8,
    warm: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Containers kept ready. [size, at most 8]")
    ] = None,
    max_waiting: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Further requests that wait; others get 429. [all]")
    ] = None,
    seconds: Annotated[
        float, typer.Option(metavar="N", min=1, help="An episode ends after so many seconds.")
    ] = 3600.0,
    beta: options.Beta = None,
    baseline: options.Baseline = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Serve episodes over HTTP until Ctrl-C; clients send a token.

    The token is the value of ENVFACTORY_SERVE_TOKEN; without one, a new token is printed once. An address
    that other machines can reach needs a token of yours. /docs describes the calls.

    [bold]Examples[/bold]

        envfactory serve envfactory-work/dataset

        ENVFACTORY_SERVE_TOKEN=... envfactory serve --host 0.0.0.0 --size 32
    """
    _require()
    from envfactory.commands import session
    from envfactory.serve import token
    from envfactory.trainer import Dataset

    secret, made = token.chosen(os.environ.get(token.VARIABLE, ""), host)
    place = dataset or session.workspace_of(session.settings(workspace, config)).dataset
    found = Dataset(place).with_speed(baseline=baseline, beta=beta)
    if not len(found):
        raise UsageError(f"{place} holds no task")
    shown = {"tasks": len(found), **({"token": secret} if made else {})}
    pool = {"size": size, "warm": warm, "max_waiting": max_waiting, "seconds": seconds}
    _listen(found, pool, secret, (host, port), lambda url: tell({"url": url, **shown}, json))


def _listen(
    found: Dataset,
    options: dict[str, Any],
    secret: str,
    address: tuple[str, int],
    ready: Callable[[str], None],
) -> None:
    from envfactory.serve import make_app
    from envfactory.serve.listen import listen
    from envfactory.trainer import EnvironmentPool

    with EnvironmentPool(found, **options) as pool:
        listen(make_app(pool, secret), pool, address, ready)


def tell(shown: dict[str, Any], json: bool) -> None:
    """Where the service is; the token only if it was made here."""
    from envfactory.commands import session

    if json:
        session.emit(shown)
        return
    typer.echo(f"{shown['tasks']} tasks at {shown['url']}, described at {shown['url']}/docs", err=True)
    if "token" in shown:
        typer.echo(f"token: {shown['token']}", err=True)


def _require() -> None:
    for needed in ("fastapi", "uvicorn"):
        if find_spec(needed) is None:
            raise PrerequisiteError(
                f"serving needs {needed}, which is not installed", hint='pip install "swe-envfactory[serve]"'
            )
