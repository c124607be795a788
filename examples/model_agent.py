"""A loop around any OpenAI-compatible endpoint: the model writes one command at a time.

    MODEL_API_KEY=... python examples/model_agent.py envfactory-work/dataset http://localhost:8000/v1 MODEL

Shows how a rollout is made from a pool: many tasks at a time, a trajectory each, faults left out.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import requests

from envfactory import Dataset, EnvironmentPool
from envfactory.trainer import AsyncEnvironment, Task

STEPS = 40
SHOWN = 10_000
SYSTEM = (
    "You work in a shell at /testbed. Answer with exactly one command in a block that starts with ```bash "
    "and ends with ```. When the work is done, answer with SUBMIT alone."
)


def ask(url: str, model: str, messages: list[dict[str, str]]) -> str:
    headers = {"Authorization": f"Bearer {os.environ.get('MODEL_API_KEY', 'none')}"}
    body = {"model": model, "messages": messages}
    answer = requests.post(f"{url}/chat/completions", json=body, headers=headers, timeout=600)
    answer.raise_for_status()
    return str(answer.json()["choices"][0]["message"]["content"])


async def work(env: AsyncEnvironment, task: Task, url: str, model: str) -> None:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": task.instruction}]
    for _ in range(STEPS):
        reply = await asyncio.to_thread(ask, url, model, messages)
        env.record("reasoning", text=reply)
        command = re.search(r"```bash\n(.*?)```", reply, re.DOTALL)
        if command is None:
            return
        done = await env.exec(command[1], timeout=120, max_output=SHOWN)
        shown = f"exit code {done.exit_code}\n{done.stdout}{done.stderr}"
        messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": shown}]


async def rollout(pool: EnvironmentPool, task: Task, url: str, model: str) -> float | None:
    path = Path("trajectories") / f"{task.instance_id}.jsonl"
    async with pool.start_async(task, seconds=3600, trajectory=path) as env:
        await work(env, task, url, model)
        reward = await env.grade()
    print(task.instance_id, reward.value, reward.fault or "")
    return reward.value


async def main() -> None:
    dataset, url, model = Dataset(sys.argv[1]), sys.argv[2], sys.argv[3]
    async with EnvironmentPool(dataset, size=8) as pool:
        values = await asyncio.gather(*(rollout(pool, task, url, model) for task in dataset))
    judged = [value for value in values if value is not None]
    print("mean:", sum(judged) / len(judged) if judged else "no task was graded")


if __name__ == "__main__":
    asyncio.run(main())
