"""Options that several commands share, described once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
SELECT, SHOW = "Select", "Output"

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="owner/name, a clone, a file of names, search:QUERY or gharchive:FILES.",
        show_default=False,
    ),
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...", help="owner__name-number or owner/name#number; * and ? match.", show_default=False
    ),
]
Workspace = Annotated[
    Path | None,
    typer.Option("-w", "--workspace", metavar="DIR", help="Where all state is kept. [./envfactory-work]"),
]
Config = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Read this file instead of ./envfactory.toml."),
]
Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", metavar="N", min=1, help="Pull requests worked on at a time.")
]
MaxDisk = Annotated[
    float | None,
    typer.Option("--max-disk", metavar="GB", help="What our images may take on Docker's disk."),
]
Json = Annotated[bool, typer.Option("--json", help="Data on standard output, as JSON.", rich_help_panel=SHOW)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Tell more.", rich_help_panel=SHOW)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Tell only errors.", rich_help_panel=SHOW)]
Since = Annotated[
    datetime | None,
    typer.Option(metavar="DATE", help="Merged at or after this (UTC).", rich_help_panel=SELECT),
]
Until = Annotated[
    datetime | None, typer.Option(metavar="DATE", help="Merged before this (UTC).", rich_help_panel=SELECT)
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="At most N pull requests of each repository.", rich_help_panel=SELECT
    ),
]
Numbers = Annotated[
    list[int] | None,
    typer.Option(
        "--pr", metavar="N", min=1, help="Only this pull request; repeatable.", rich_help_panel=SELECT
    ),
]
Repo = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER/NAME",
        help="Its name if the clone lacks it; of a list, this one alone.",
        rich_help_panel=SELECT,
    ),
]
ModelStatements = Annotated[
    str | None,
    typer.Option(metavar="WHAT", help="What a model does with statements: off, judge, rewrite or both."),
]
MaxWait = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0, help="Wait so long for a service's limit, then end with 5."),
]
Beta = Annotated[
    float | None, typer.Option(metavar="X", min=0, help="Weight of the speed term. [as in the reward spec]")
]
Baseline = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="What envfactory baseline wrote on this machine. [as recorded]"),
]
Redo = Annotated[
    list[str] | None,
    typer.Option(metavar="STAGE", help="Repeat mine, build or extract even if it is done; repeatable."),
]
Oracle = Annotated[
    bool, typer.Option("--oracle", help="Also measure how strong each task's tests are; takes its time.")
]
