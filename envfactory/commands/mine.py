"""``envfactory mine``: find merged pull requests and screen them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from envfactory.commands import options

if TYPE_CHECKING:
    from envfactory.commands.selection import Selection
    from envfactory.settings import Settings


def mine(
    sources: options.Sources = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    jobs: options.Jobs = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    pr: options.Numbers = None,
    repo: options.Repo = None,
    redo: options.Redo = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Find merged pull requests and keep those that can become tasks. No container is started.

    [bold]Examples[/bold]

        envfactory mine path/to/clone --since 2024-01-01

        envfactory mine path/to/clone --pr 123 --pr 124 --json
    """
    from envfactory.commands import session
    from envfactory.commands.production import Order, produce, stages_of
    from envfactory.commands.selection import NOTHING, Selection, mine_all, sources_of

    chosen = session.settings(workspace, config, jobs=jobs)
    selection = Selection(since, until, limit, frozenset(pr) if pr else None, repo)
    found = sources_of(sources, chosen, selection)
    if dry_run:
        show_dry_run(found, selection, chosen, json)
        return
    produce(
        chosen,
        Order(
            stages=("mine",),
            keys=lambda store, progress: mine_all(found, selection, chosen, store, progress),
            nothing=NOTHING,
            redo=stages_of(redo),
            json=json,
            verbose=verbose,
            quiet=quiet,
        ),
    )


def show_dry_run(sources: list[str], selection: Selection, chosen: Settings, json: bool) -> None:
    """List what would be worked on, one pull request a line."""
    from envfactory.commands import session
    from envfactory.commands.selection import listed
    from envfactory.records import PullRequest

    for found in listed(sources, selection, chosen):
        data: dict[str, Any]
        if isinstance(found, PullRequest):
            data = {"key": found.key, "merged_at": found.merged_at.isoformat(), "title": found.title}
        else:
            data = {"key": found.key, "rejected": found.reason, "detail": found.detail}
        if json:
            session.emit(data)
        else:
            typer.echo("  ".join(str(value) for value in data.values()))
