"""``envfactory extract``: from images to reward specs and bundles."""

from __future__ import annotations

from envfactory.commands import options


def extract(
    ids: options.Ids = None,
    workspace: options.Workspace = None,
    config: options.Config = None,
    jobs: options.Jobs = None,
    max_disk: options.MaxDisk = None,
    oracle: options.Oracle = False,
    redo: options.Redo = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Run the tests of built environments in every state and write the tasks that hold.

    [bold]Examples[/bold]

        envfactory extract

        envfactory extract owner__name-12 --redo extract
    """
    from envfactory.commands import session
    from envfactory.commands.build import show_dry_run
    from envfactory.commands.production import Order, produce, stages_of

    chosen = session.settings(workspace, config, jobs=jobs, max_disk=max_disk, oracle=oracle)
    if dry_run:
        show_dry_run(chosen.workspace, config, list(ids or ()), "build", json)
        return
    session.workspace_of(chosen).require()
    produce(
        chosen,
        Order(
            # an image that was removed since is built again
            stages=("build", "extract"),
            keys=lambda store, _: session.passed(store, "build", session.selected_keys(store, ids)),
            nothing="no environment to extract from; `envfactory build` makes them",
            redo=stages_of(redo),
            json=json,
            verbose=verbose,
            quiet=quiet,
        ),
    )
