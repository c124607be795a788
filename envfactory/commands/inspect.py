"""``envfactory inspect``: all that is known about one pull request."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from envfactory.commands import options
from envfactory.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from envfactory.records import Record, Stage
    from envfactory.store import Entry, Store
    from envfactory.workspace import Workspace


def inspect(
    id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="owner__name-number or owner/name#number.", show_default=False),
    ] = None,
    shell: Annotated[bool, typer.Option("--shell", help="Open a shell in a container of its image.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List every known ID and its state.")] = False,
    workspace: options.Workspace = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show a pull request's patches, environment, tests, attempts and logs.

    [bold]Examples[/bold]

        envfactory inspect --list

        envfactory inspect owner__name-12 --json

        envfactory inspect owner__name-12 --shell
    """
    from envfactory.commands import session

    if (id is None) != list_all or (shell and id is None):
        raise UsageError("give one ID, or --list")
    with session.reading(session.settings(workspace, config)) as (place, store):
        if id is None:
            show_list(store, json)
            return
        keys = session.selected_keys(store, [id])
        if len(keys) > 1:
            raise UsageError(f"{id!r} names {len(keys)} pull requests", hint=f"e.g. {keys[0]}")
        data = facts(store, place, keys[0])
    if shell:
        open_shell(data)
    elif json:
        session.emit(data)
    else:
        show(data)


def show_list(store: Store, json: bool) -> None:
    """One line per pull request."""
    from envfactory.commands import session
    from envfactory.pipeline.run import summary

    known = store.keys()
    last = summary([key for key, _ in known], store).last
    for key, instance_id in known:
        entry = last.get(key)
        data = {"instance_id": instance_id, "stage": "", "status": "waiting", "reason": ""}
        if entry is not None:
            data |= {"stage": entry.stage, "status": entry.status, "reason": entry.reason}
        if json:
            session.emit(data)
        else:
            typer.echo("  ".join(filter(None, data.values())))


def facts(store: Store, place: Workspace, key: str) -> dict[str, Any]:
    """Everything stored about a pull request, JSON-ready."""
    from dataclasses import asdict

    from envfactory.commands.session import plain
    from envfactory.records import STAGES

    found = store.found(key)
    instance_id = dict(store.keys())[key]
    stages: dict[str, Any] = {}
    for stage in STAGES:
        entry = store.entry(stage, key)
        if entry is not None:
            record = store.record(stage, key, _model(stage, entry))
            stages[stage] = {
                "status": entry.status,
                "reason": entry.reason,
                "record": plain(record) if record is not None else None,
            }
    logs = place.task(instance_id).logs
    return {
        "key": key,
        "instance_id": instance_id,
        "source": found.source if found else None,
        "pull_request": plain(found.pull_request) if found else None,
        "stages": stages,
        "attempts": [asdict(attempt) for attempt in store.attempts(key)],
        "logs": sorted(str(path) for path in logs.glob("*")) if logs.is_dir() else [],
    }


def _model(stage: Stage, entry: Entry) -> type[Record]:
    from envfactory.records import Candidate, Failure, Rejection, Task

    if entry.status == "rejected":
        return Rejection
    if entry.status == "failed":
        return Failure
    if stage == "build":
        from envfactory.builder import Built

        return Built
    return Candidate if stage == "mine" else Task


def show(data: dict[str, Any]) -> None:
    """The facts that one looks for first."""
    pull = data["pull_request"] or {}
    typer.echo(f"{data['instance_id']}  {pull.get('title', '')}".rstrip())
    for name in ("base_commit", "merge_commit", "merge_kind", "merged_at"):
        if pull.get(name):
            typer.echo(f"  {name}: {pull[name]}")
    typer.echo(f"  source: {data['source']}")
    for stage, outcome in data["stages"].items():
        detail = (outcome["record"] or {}).get("detail", "")
        typer.echo(f"{stage}: {' '.join(filter(None, (outcome['status'], outcome['reason'], detail)))}")
        for line in tries((outcome["record"] or {}).get("attempts", ())):
            typer.echo(f"  {line}")
        if outcome["status"] == "ok":
            for line in _SHOWN[stage](outcome["record"]):
                typer.echo(f"  {line}")
    for attempt in data["attempts"]:
        end = attempt["finished"] or "not finished"
        words = (attempt["stage"], attempt["status"], attempt["cause"], attempt["started"], end)
        typer.echo(f"attempt: {' '.join(filter(None, words))}")
    for log in data["logs"]:
        typer.echo(f"log: {log}")


def _candidate(record: dict[str, Any]) -> list[str]:
    statement = record["problem_statement"].strip().splitlines()
    return [
        f"{record['language']}, {record['task_type']}, licence {record['license'] or 'unknown'}",
        f"gold patch: {', '.join(record['source_files'])}",
        f"test patch: {', '.join(record['test_files'])}",
        f"test modules: {', '.join(record['test_modules'])}",
        f"statement: {statement[0][:200] if statement else ''}",
        *_reviewed(record["statement_review"]),
        *record["notes"],
    ]


def _reviewed(review: dict[str, Any] | None) -> list[str]:
    """What a model did with the statement."""
    if review is None:
        return []
    lines = [f"rewritten by {review['model']}"] if review["rewritten"] else []
    lines += [f"no {what} by {review['model']}: {why}" for what, why in sorted(review["refused"].items())]
    if judgement := review["judgement"]:
        lines.append(f"judged {judgement['score']} of 5: {' '.join(judgement['reasons'])}"[:300])
    return lines


def _built(record: dict[str, Any]) -> list[str]:
    from envfactory.languages.surroundings import prefixes

    environment = record.get("environment", record)
    spec = environment["spec"]
    toolchain = spec["toolchain"]
    lines = [
        f"image {environment['image']['tag']}",
        f"{toolchain['name']} {toolchain['version']}, {len(spec['dependencies'])} dependencies",
        f"rung {spec['rung']}, tests: {shlex.join(prefixes.runner_of(tuple(spec['test_command'])))}",
        *tries(environment["attempts"]),
    ]
    for one in spec["evidence"]:
        where = f"{one['file']}:{one['line']}" if one["file"] else one["rule"]
        lines.append(f"{one['choice']} = {one['value']} ({where})")
    return lines


def tries(attempts: Iterable[dict[str, Any]]) -> list[str]:
    """One line for each try of the building ladder; the one that made the environment is marked."""
    from envfactory.records import RungAttempt, winning

    found = [RungAttempt.model_validate(attempt) for attempt in attempts]
    made = winning(found)
    lines = []
    for one in found:
        words = (one.rung, one.change, one.outcome, one.detail, f"({one.seconds:.1f} s)")
        reused = f"reuse of {' and '.join(one.reused)}" if one.reused else ""
        cost = f"{one.cost_usd:.4f} USD" if one.cost_usd else ""
        mark = "made by" if one is made else "tried"
        lines.append(" ".join(filter(None, (mark, *words, reused, cost))))
    return lines


def _task(record: dict[str, Any]) -> list[str]:
    spec = record["reward_spec"]
    lines = [f"FAIL_TO_PASS {test} ({how})" for test, how in sorted(spec["fail_to_pass"].items())]
    lines.append(f"PASS_TO_PASS {len(spec['pass_to_pass'])} tests")
    lines += [f"flaky {test}: {', '.join(seen)}" for test, seen in sorted(spec["flaky"].items())]
    lines += [f"excluded {test}: {why}" for test, why in sorted(spec["excluded"].items())]
    return lines


_SHOWN = {"mine": _candidate, "build": _built, "extract": _task}


def open_shell(data: dict[str, Any]) -> None:
    """An interactive shell in the task's image, without network; removed when left."""
    build = data["stages"].get("build")
    if not build or build["status"] != "ok":
        raise NothingSelected(
            f"{data['instance_id']} has no image", hint="envfactory build " + data["instance_id"]
        )
    from envfactory.engine.shell import interactive_shell

    raise typer.Exit(interactive_shell(build["record"]["environment"]["image"]["tag"]))
