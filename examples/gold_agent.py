"""A scripted agent: looks around, applies the known solution file by file and is graded after each.

    python examples/gold_agent.py envfactory-work/dataset [INSTANCE_ID]

Shows every call of an episode, a snapshot to come back to, and a trajectory with timings.
"""

import sys
import tempfile
from pathlib import Path

from envfactory import Dataset
from envfactory.trainer import trajectory


def parts(patch: str) -> list[str]:
    """The patch, one file at a time."""
    return ["diff --git " + part for part in patch.split("diff --git ")[1:]]


def main() -> None:
    dataset = Dataset(sys.argv[1])
    task = dataset[sys.argv[2] if len(sys.argv) > 2 else 0]
    print(task.instruction)
    record = Path(tempfile.mkdtemp()) / "trajectory.jsonl"
    with task.start(seconds=1800, trajectory=record) as env:
        for command in ("git log --oneline", "ls", "git status --short"):
            print(f"$ {command}\n{env.exec(command, timeout=60).stdout}")
        print("nothing done:", env.grade(mode="graded").value)
        start = env.snapshot()
        env.exec("rm -rf ./*")
        env.restore(start)
        steps = parts(task.gold_patch)
        for number, part in enumerate(steps, 1):
            env.record("reasoning", text=f"file {number} of {len(steps)}")
            env.apply(part)
            reward = env.grade()
            print(f"{number} of {len(steps)} files changed:", reward.value)
    start.remove()
    print("where the time went:", trajectory.timings(trajectory.read(record)))
    print("solution applied:", reward.value, "fault:", reward.fault)


if __name__ == "__main__":
    main()
