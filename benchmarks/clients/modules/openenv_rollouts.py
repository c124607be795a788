"""Every task twice through ``openenv harbor rollout``, Terminus and a scripted model: gold patch and none."""

import json
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from patch_folder import Case, cases
from scripted_model import endpoint

OPENENV = Path(sys.executable).with_name("openenv")
PORT = "18100"
"""Of its proxy on loopback, which records the calls of the model."""


def rollouts(dataset: str, kind: str, count: int, url: str) -> tuple[list[dict], str]:
    """One for each task, in the order of their names; and the end of what was printed."""
    options = {
        "--dataset": dataset,
        "--llm-url": url.removesuffix("/v1"),
        "--model": kind,
        "--harness": "terminus-2",
        "--sandbox": "docker",
        "--expose": "direct",
        "--port": PORT,
        "--n-tasks": str(count),
        "--trials-dir": f"trials-{kind}",
        "--out": f"{kind}.json",
    }
    command = [OPENENV, "harbor", "rollout", *(word for pair in options.items() for word in pair)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = Path(f"{kind}.json")
    return json.loads(found.read_text()) if found.exists() else [], (done.stdout + done.stderr)[-1500:]


def judge(dataset: str, kind: str, group: list[Case], url: str) -> None:
    results, tail = rollouts(dataset, kind, len(group), url)
    by_name = {result["task_name"]: result for result in results}
    for case in group:
        result = by_name.get(case.instance_id)
        if result is None or result["reward"] is None:
            case.told(None, result["error"] if result else tail)
        else:
            case.told(result["reward"] == 1, f"{result['n_turns']} turns")


def main() -> None:
    dataset, folder = sys.argv[1:]
    with endpoint(dataset, folder) as (url, _):
        for kind, group in groupby(cases(folder), key=lambda case: case.kind):
            judge(dataset, kind, list(group), url)


if __name__ == "__main__":
    main()
