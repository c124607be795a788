"""Plays every patch of a folder through ``vf-eval`` with a scripted model, and tells the rewards.

    verifiers_rollouts.py DATASET PATCHES harbor|envfactory-tasks

``harbor`` is verifiers' own taskset on our task directories, judged in a container of its own;
``envfactory-tasks`` is our adapter.  An evaluation for each kind of patch; all model calls go through
verifiers' interception to the endpoint.
"""

import json
import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from patch_folder import Case, cases
from scripted_model import endpoint

EVAL = Path(sys.executable).with_name("vf-eval")
PACKAGE = "envfactory/local"
HOME = Path.cwd()
"""Of the evaluations: Harbor's tasks are looked for in its cache."""


def taskset(name: str, dataset: str) -> list[str]:
    """The words that choose it; Harbor's tasks lie where its command would have downloaded them to."""
    if name != "harbor":
        return [name, "--env.taskset.dataset", dataset]
    cache = HOME / ".cache" / "harbor" / PACKAGE.replace("/", "_")
    cache.parent.mkdir(parents=True, exist_ok=True)
    if not cache.exists():
        cache.symlink_to(Path(dataset, "tasks"))
    return [name, "--env.taskset.dataset", PACKAGE]


def evaluated(words: list[str], kind: str, url: str) -> tuple[list[dict], str]:
    """The episodes of one evaluation, and the end of what it printed."""
    options = {
        "--env.agent.harness.id": "bash-loop",
        "--env.agent.runtime.type": "docker",
        "--client.base-url": url,
        "--client.api-key-var": "SCRIPTED_KEY",
        "-m": kind,
        "-c": "1",
        "-o": "outputs",
        "--run.dir": f"{words[0]}-{kind}",
    }
    command = [EVAL, *words, *(word for pair in options.items() for word in pair), "--no-push", "--no-rich"]
    docker = os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker"))
    own = {"SCRIPTED_KEY": "none", "HOME": str(HOME), "DOCKER_CONFIG": docker}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **own})
    lines = Path("outputs", f"{words[0]}-{kind}", "traces.jsonl")
    episodes = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    return episodes, (done.stdout + done.stderr)[-1500:]


def judge(words: list[str], kind: str, group: list[Case], url: str) -> None:
    episodes, tail = evaluated(words, kind, url)
    for case in group:
        found = [one for one in episodes if name_of(one["task"]) == case.instance_id]
        case.told(*(verdict(found[0]) if found else (None, tail)))


def name_of(task: dict) -> str:
    return task["data"]["name"].rpartition("/")[2]


def verdict(episode: dict) -> tuple[bool | None, str]:
    """From the rewards on the one trace of an episode; an error is no verdict."""
    traces = episode["traces"]
    errors = [error["message"] for one in (episode, *traces) for error in one.get("errors", ())]
    rewards = {
        name: reward["score"] for trace in traces for name, reward in trace["rewards"].items() if reward
    }
    if errors or len(rewards) != 1 or any(trace["metrics"].get("fault") for trace in traces):
        return None, f"{errors} {rewards}"[:500]
    return next(iter(rewards.values())) == 1, ""


def main() -> None:
    dataset, folder, name = sys.argv[1:]
    words = taskset(name, dataset)
    with endpoint(dataset, folder) as (url, script):
        for kind, group in groupby(cases(folder), key=lambda case: case.kind):
            judge(words, kind, list(group), url)
    print(f"{script.requests} requests of the scripted model", file=sys.stderr)


if __name__ == "__main__":
    main()
