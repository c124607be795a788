"""The figures of a funnel as text for a terminal; computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def render(figures: Mapping[str, Any]) -> str:
    """Funnel, costs, sizes, then one line per pull request."""
    if "stages" not in figures:
        return f"{figures['pull_requests']} pull requests, nothing was recorded"
    parts = [
        *_funnel(figures),
        "",
        *ladder_table(figures["ladder"]),
        "",
        *_costs(figures),
        "",
        *_rows(figures),
    ]
    return "\n".join(parts)


def _funnel(figures: Mapping[str, Any]) -> list[str]:
    count = figures["pull_requests"]
    lines = [f"{'stage':<10}{'in':>5}{'out':>5}  rejected, failed"]
    for stage, numbers in figures["stages"].items():
        reasons = [f"{reason} {n}" for reason, n in numbers["rejected"].items()]
        reasons += [f"FAILED {cause} {n}" for cause, n in numbers["failed"].items()]
        lines.append(f"{stage:<10}{numbers['in']:>5}{numbers['out']:>5}  {', '.join(reasons)}")
    lines.append("")
    built = figures["stages"]["build"]["in"]
    lines.append(f"environments that work  {figures['environments']} of {built} tried, {count} in the list")
    lines.append(f"validated tasks         {figures['tasks']} of {count}")
    lines.append(f"reached at rung         {_pairs(figures['rungs'])}")
    if figures["not_mined"]:
        lines.append(f"not mined               {', '.join(figures['not_mined'])}")
    return lines


def ladder_table(ladder: Mapping[str, Any]) -> list[str]:
    """What each rung brought: the environments of all rows add up to those that work."""
    names = ("environments", "tries", "helped", "refused")
    lines = [f"{'rung':<28}" + "".join(f"{name:>14}" for name in (*names, "seconds", "USD"))]
    for row in ladder["rungs"]:
        label = ": ".join(filter(None, (row["rung"], row["kind"])))
        numbers = "".join(f"{row[name]:>14}" for name in names)
        lines.append(f"{label:<28}{numbers}{row['seconds']:>14.1f}{row['cost_usd']:>14.4f}")
    reuse = ladder["reuse"]
    lines.append(f"{'reuse (counted above too)':<28}{reuse['environments']:>14}{reuse['tries']:>14}")
    return lines


def _costs(figures: Mapping[str, Any]) -> list[str]:
    cost, per_task, disk = figures["cost"], figures["core_seconds_per_task"], figures["disk"]
    lines = [f"{'seconds':<10}{'sum':>9}{'median':>9}{'mean':>9}{'max':>9}"]
    for stage, spread in figures["seconds_by_stage"].items():
        lines.append(f"{stage:<10}" + "".join(f"{_number(spread[name]):>9}" for name in spread))
    own, engine = _number(cost["own_cpu_seconds"]), _number(cost["engine_cpu_seconds"])
    median, mean = _number(per_task["median"]), _number(per_task["mean"])
    return [
        *lines,
        f"build phases            {_pairs(figures['seconds_by_build_phase'])}",
        "",
        f"wall clock              {_number(cost['wall_seconds'])} s",
        f"processor time          {_number(cost['cpu_seconds'])} s",
        f"                        {own} s of our process, {engine} s of engine, builds and containers",
        f"  of all work per task  {_number(cost['cpu_seconds_per_task'])} core-seconds",
        f"  of a task's own work  median {median}, mean {mean} core-seconds",
        f"peak memory             {cost['peak_memory_bytes'] / 1e6:.0f} MB",
        f"disk                    {_number(disk['mb_per_task'])} MB per task, shared layers counted once"
        f" ({_number(disk['own_mb_per_task'])} MB its own, {_number(disk['shared_mb'])} MB shared by all)",
        f"  a further task adds   median {_number(disk['further_task_mb']['median'])}, "
        f"mean {_number(disk['further_task_mb']['mean'])} MB",
    ]


def _rows(figures: Mapping[str, Any]) -> list[str]:
    lines = []
    for row in figures["rows"]:
        if row["end"] == "task":
            told = f"{row['fail_to_pass']} F2P {row['pass_to_pass']} P2P {row['core_seconds']:.0f} core-s"
        else:
            told = " ".join(row["detail"].split())[:100]
        lines.append(f"{row['key']:<32} {row['end']:<34} {told}")
    return lines


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "-"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
