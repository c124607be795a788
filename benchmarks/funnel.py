"""Run the factory on a list of pull requests against local mirrors, and say what came of it.

    python -m benchmarks.funnel LIST.jsonl --mirrors DIR [-w WORKSPACE] [-j N] [--only owner/name]

A line of the list is an object with ``repo`` and ``number``; other fields are ignored.  All
repositories share one workspace, and running the same command again continues it: costs of earlier
runs are kept beside the workspace's database and added.  Nothing is fetched; see ``mirrors``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.figures import rows, summary
from benchmarks.meters import Cost, measured
from benchmarks.mirrors import find_mirrors, git_environment
from benchmarks.table import render
from envfactory.store import Store
from envfactory.workspace import Workspace, write_atomic

STOP = {2, 4, 70, 130}
"""Exit codes after which the next repository would fare no better; the report is still written."""


def read_list(path: Path, only: list[str], limit: int | None) -> dict[str, list[int]]:
    """Repository -> numbers, both in the order of the list."""
    chosen: dict[str, list[int]] = {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [line for line in lines if not only or line["repo"] in only]
    for line in lines[:limit]:
        chosen.setdefault(line["repo"], []).append(int(line["number"]))
    return chosen


def command(mirror: Path, repo: str, numbers: list[int], options: argparse.Namespace) -> list[str]:
    """The command line that a user would type for one repository."""
    words = [sys.executable, "-m", "envfactory", "run", str(mirror), "--repo", repo]
    words += [word for number in numbers for word in ("--pr", str(number))]
    words += ["--workspace", str(options.workspace)]
    return [*words, "--jobs", str(options.jobs)] if options.jobs else words


def run_all(
    wanted: Mapping[str, list[int]], mirrors: Mapping[str, Path], options: argparse.Namespace
) -> dict[str, Any]:
    """Every repository in turn; how each command ended and what it cost."""
    environment = git_environment(mirrors)
    ends: dict[str, Any] = {}
    for repo, numbers in wanted.items():
        if repo not in mirrors:
            print(f"funnel: no mirror of {repo}", file=sys.stderr)
            ends[repo] = {"exit_code": None}
            continue
        print(f"funnel: {repo}, {len(numbers)} pull requests", file=sys.stderr)
        code, cost = measured(command(mirrors[repo], repo, numbers, options), environment)
        spend(cost, options.workspace)
        ends[repo] = {"exit_code": code, **asdict(cost)}
        if code in STOP:
            print(f"funnel: exit code {code}, stopping", file=sys.stderr)
            break
    return ends


def spend(cost: Cost, workspace: Path) -> Cost:
    """Add to what this workspace has cost so far; the sum."""
    path = workspace / "cost.json"
    if path.exists():
        cost = Cost(**json.loads(path.read_text())) + cost
    write_atomic(path, json.dumps(asdict(cost)) + "\n")
    return cost


def report(
    wanted: Mapping[str, list[int]], cost: Cost, ends: dict[str, Any], workspace: Workspace
) -> dict[str, Any]:
    """All figures as one object."""
    keys = [f"{repo}#{number}" for repo, numbers in wanted.items() for number in numbers]
    if not workspace.db.exists():
        return {"pull_requests": len(keys), "repositories": ends, "cost": asdict(cost)}
    with Store(workspace.db, read_only=True) as store:
        table = rows(store, keys)
        figures = summary(store, table)
    cpu, tasks = cost.cpu_seconds, figures["tasks"]
    figures["cost"] = asdict(cost) | {
        "cpu_seconds": cpu,
        "cpu_seconds_per_task": round(cpu / tasks, 2) if cpu is not None and tasks else None,
    }
    return figures | {"repositories": ends, "rows": [row.as_json() for row in table]}


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.funnel", description=__doc__.splitlines()[0])
    parser.add_argument("list", type=Path, help="JSON lines with repo and number")
    parser.add_argument("--mirrors", type=Path, required=True, help="folder of owner+name/repo or owner/name")
    parser.add_argument("-w", "--workspace", type=Path, default=Path(".demo/funnel"))
    parser.add_argument("-j", "--jobs", type=int, help="pull requests worked on at a time")
    parser.add_argument("--limit", type=int, help="only the first N lines")
    parser.add_argument("--only", action="append", default=[], metavar="OWNER/NAME", help="repeatable")
    parser.add_argument("--report-only", action="store_true", help="run nothing, only count")
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="where the figures go [WORKSPACE/funnel.json]"
    )
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run, print, save; 0 when every pull request of the list has an end."""
    options = arguments(words)
    options.workspace = options.workspace.absolute()
    workspace = Workspace(options.workspace)
    wanted = read_list(options.list, options.only, options.limit)
    mirrors = find_mirrors(options.mirrors)
    ends = {} if options.report_only else run_all(wanted, mirrors, options)
    figures = report(wanted, spend(Cost(), options.workspace), ends, workspace)
    output = options.json or options.workspace / "funnel.json"
    output.write_text(json.dumps(figures, indent=1) + "\n")
    print(render(figures))
    print(f"\nsaved to {output}", file=sys.stderr)
    return 0 if not figures.get("not_mined", ["?"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
