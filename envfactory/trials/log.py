"""The log file of one trial, for people: the command, the counts, what went wrong, the end of the output.

Nothing is ever read back from it.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from envfactory.records import Outcome, TestReport
from envfactory.trials.outcome import Ending

OUTPUT_CHARS = 200_000
SHOWN = 50


def write_log(path: Path, argv: Sequence[str], report: TestReport, ending: Ending) -> None:
    """Write (or replace) the log at ``path``; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [*_head(argv, report, ending), "", ending.output[-OUTPUT_CHARS:], ""]
    path.write_text("\n".join(lines), "utf-8", "replace")


def _head(argv: Sequence[str], report: TestReport, ending: Ending) -> list[str]:
    counts = Counter(result.outcome.value for result in report.results.values())
    flags = [name for name in ("complete", "timed_out", "out_of_memory") if getattr(report, name)]
    lines = [
        f"state {report.state}, attempt {report.attempt}, image {report.image_id}",
        f"$ {shlex.join(argv)}",
        f"exit code {ending.exit_code}, {report.seconds:.1f} s, {report.cpu_seconds:.1f} CPU s",
        "flags: " + (", ".join(flags) or "none"),
        "tests: " + (", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"),
    ]
    lines += [f"stopped: {ending.interrupted}"] if ending.interrupted else []
    lines += [f"tampered: {evidence}" for evidence in report.tampered]
    lines += [f"uncollectable: {module}: {why}" for module, why in sorted(report.collection_errors.items())]
    bad = [
        f"{result.outcome}: {name}: {result.message}"
        for name, result in sorted(report.results.items())
        if result.outcome not in (Outcome.PASSED, Outcome.SKIPPED, Outcome.XFAILED)
    ]
    more = [f"... and {len(bad) - SHOWN} more"] if len(bad) > SHOWN else []
    return lines + bad[:SHOWN] + more
