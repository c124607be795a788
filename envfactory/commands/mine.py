"""``envfactory mine``: find merged pull requests and screen them."""

from __future__ import annotations

from envfactory.commands import options


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
    max_wait: options.MaxWait = None,
    model_statements: options.ModelStatements = None,
    redo: options.Redo = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Find merged pull requests and keep those that can become tasks. No container is started.

    [bold]Examples[/bold]

        envfactory mine owner/name --since 2024-01-01

        envfactory mine 'search:language:python stars:>5000' --limit 10

        envfactory mine path/to/clone --pr 123 --pr 124 --json
    """
    from envfactory.commands.selection import Flags, Selection, produce_from

    selection = Selection(since, until, limit, frozenset(pr) if pr else None, repo)
    flags = Flags(
        workspace, config, jobs, redo, dry_run, json, verbose, quiet, None, max_wait, model_statements
    )
    produce_from(sources, selection, flags, ("mine",))
