"""Asks ``swebench eval`` about every patch of a folder; an evaluation for each kind of patch.

swebench does not run empty patches: it counts them by themselves, and as not resolved.
"""

import json
import re
import subprocess
import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path

from patch_folder import Case, cases

EVAL = Path(sys.executable).with_name("swebench")


def judge(rows: str, kind: str, group: list[Case]) -> None:
    predictions = [
        {"instance_id": case.instance_id, "model_name_or_path": kind, "model_patch": case.patch}
        for case in group
    ]
    Path(f"{kind}.json").write_text(json.dumps(predictions))
    command = [EVAL, "eval", rows, "-p", f"{kind}.json", "--run-id", kind, "-j", "1", "--report-dir", "."]
    done = subprocess.run(command, capture_output=True, text=True)
    reports = list(Path().glob(f"*{kind}.{kind}.json"))
    found = json.loads(reports[0].read_text()) if reports else {}
    for case in group:
        ends = [name for name, ids in found.items() if name.endswith("_ids") and case.instance_id in ids]
        decided = {"resolved_ids", "unresolved_ids", "empty_patch_ids"} & set(ends)
        verdict = "resolved_ids" in ends if decided and "error_ids" not in ends else None
        detail = "" if verdict is not None else ", ".join(ends) or done.stderr[-500:]
        case.told(verdict, detail, overhead(Path(f"logs/run_evaluation/{kind}/{kind}/{case.instance_id}")))


def overhead(logs: Path) -> float | None:
    """Seconds between the first and the last line of an instance's log, without those of the test run."""
    path = logs / "run_instance.log"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    times = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) - ", text, re.MULTILINE)
    tests = re.search(r"Test runtime: ([\d_.]+) seconds", text)
    if not times or tests is None:
        return None
    first, last = (datetime.strptime(moment, "%Y-%m-%d %H:%M:%S,%f") for moment in (times[0], times[-1]))
    return (last - first).total_seconds() - float(tests[1].replace("_", ""))


def main() -> None:
    rows, folder = sys.argv[1:]
    for kind, group in groupby(cases(folder), key=lambda case: case.kind):
        judge(rows, kind, list(group))


if __name__ == "__main__":
    main()
