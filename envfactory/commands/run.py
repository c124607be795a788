"""``envfactory run``: all stages, resumable."""

from __future__ import annotations

from envfactory.commands import options


def run(
    sources: options.Sources = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    jobs: options.Jobs = None,
    max_disk: options.MaxDisk = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.Limit = None,
    pr: options.Numbers = None,
    repo: options.Repo = None,
    max_wait: options.MaxWait = None,
    model_statements: options.ModelStatements = None,
    oracle: options.Oracle = False,
    redo: options.Redo = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Mine, build and extract; WORKSPACE/dataset holds the tasks as they become valid.

    Stop it at any time: the same command continues where it was.

    [bold]Examples[/bold]

        envfactory run owner/name --limit 20

        envfactory run path/to/clone --limit 20

        envfactory run -c envfactory.toml -j 8

        envfactory run path/to/clone --redo extract
    """
    from envfactory.commands.selection import Flags, Selection, produce_from
    from envfactory.records import STAGES

    selection = Selection(since, until, limit, frozenset(pr) if pr else None, repo)
    bounds = (max_disk, max_wait, model_statements, oracle)
    flags = Flags(workspace, config, jobs, redo, dry_run, json, verbose, quiet, *bounds)
    produce_from(sources, selection, flags, STAGES)
