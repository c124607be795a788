"""Asks ``swebench eval`` about every patch of a folder; an evaluation for each kind of patch.

swebench does not run empty patches: it counts them by themselves, and as not resolved.
"""

import json
import subprocess
import sys
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
        case.told(verdict, "" if verdict is not None else ", ".join(ends) or done.stderr[-500:])


def main() -> None:
    rows, folder = sys.argv[1:]
    for kind, group in groupby(cases(folder), key=lambda case: case.kind):
        judge(rows, kind, list(group))


if __name__ == "__main__":
    main()
