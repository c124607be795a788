"""A scripted agent: looks around, applies the known solution and is graded.

python examples/gold_agent.py envfactory-work/dataset [INSTANCE_ID]
"""

import sys

from envfactory import Dataset


def main() -> None:
    dataset = Dataset(sys.argv[1])
    task = dataset[sys.argv[2] if len(sys.argv) > 2 else 0]
    print(task.instruction)
    with task.start() as env:
        for command in ("git log --oneline", "ls", "git status --short"):
            print(f"$ {command}\n{env.exec(command, timeout=60).stdout}")
        print("nothing done:", env.grade().value)
        env.apply(task.gold_patch)
        reward = env.grade()
    print("solution applied:", reward.value, "fault:", reward.fault)


if __name__ == "__main__":
    main()
