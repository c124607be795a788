"""``envfactory run``: all stages, resumable."""

from __future__ import annotations

from envfactory.commands import options


def run(
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
    """Mine, build and extract; WORKSPACE/dataset holds the tasks as they become valid.

    Stop it at any time: the same command continues where it was.

    [bold]Examples[/bold]

        envfactory run path/to/clone --limit 20

        envfactory run -c envfactory.toml -j 8

        envfactory run path/to/clone --redo extract
    """
    from envfactory.commands import session
    from envfactory.commands.mine import show_dry_run
    from envfactory.commands.production import Order, produce, stages_of
    from envfactory.commands.selection import NOTHING, Selection, mine_all, sources_of
    from envfactory.records import STAGES

    chosen = session.settings(workspace, config, jobs=jobs)
    selection = Selection(since, until, limit, frozenset(pr) if pr else None, repo)
    found = sources_of(sources, chosen, selection)
    if dry_run:
        show_dry_run(found, selection, chosen, json)
        return
    produce(
        chosen,
        Order(
            stages=STAGES,
            keys=lambda store, progress: mine_all(found, selection, chosen, store, progress),
            nothing=NOTHING,
            redo=stages_of(redo),
            json=json,
            verbose=verbose,
            quiet=quiet,
        ),
    )
