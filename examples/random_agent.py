"""An agent without a clue: deletes random lines of random files and is graded.

    python examples/random_agent.py envfactory-work/dataset [SEED]

Shows what a rollout of a trainer looks like: many tasks, faults left out, a mean over the rest.
"""

import random
import sys

from envfactory import Dataset


def main() -> None:
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    values = []
    for task in Dataset(sys.argv[1]):
        with task.start() as env:
            paths = env.exec(["git", "ls-files", "*.py"], timeout=60).stdout.splitlines()
            path = dice.choice(paths)
            lines = env.read(path).splitlines(keepends=True)
            if lines:
                del lines[dice.randrange(len(lines))]
            env.write(path, "".join(lines))
            reward = env.grade()
        print(task.instance_id, path, reward.value, reward.fault or "")
        if reward.value is not None:
            values.append(reward.value)
    print("mean:", sum(values) / len(values) if values else "no task was graded")


if __name__ == "__main__":
    main()
