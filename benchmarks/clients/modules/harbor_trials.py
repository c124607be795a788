"""Asks Harbor about every patch of a folder through its Python API, as trials here or as tasks of Ray.

    harbor_trials.py DATASET PATCHES [ray]

A patch takes the place of the solution in a copy of the task, which the oracle applies; an empty one is the
work of the agent that does nothing.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from harbor.models.trial.config import AgentConfig, EnvironmentConfig, TaskConfig, TrialConfig
from harbor.trial.trial import Trial
from patch_folder import Case, cases


def trial_config(dataset: Path, case: Case, folder: Path) -> TrialConfig:
    task = folder / "tasks" / case.instance_id
    shutil.copytree(dataset / "tasks" / case.instance_id, task)
    (task / "solution" / "gold.patch").write_text(case.patch)
    return TrialConfig(
        task=TaskConfig(path=task),
        agent=AgentConfig(name="oracle" if case.patch else "nop"),
        environment=EnvironmentConfig(type="docker"),
        trials_dir=folder / "trials",
    )


async def verdict(dataset: Path, case: Case) -> tuple[bool | None, str]:
    with tempfile.TemporaryDirectory() as folder:
        trial = await Trial.create(trial_config(dataset, case, Path(folder)))
        result = await trial.run()
    if result.exception_info is not None:
        return None, f"{result.exception_info.exception_type}: {result.exception_info.exception_message}"[
            :500
        ]
    rewards = result.verifier_result.rewards if result.verifier_result else None
    if not rewards or rewards.get("fault"):
        return None, f"rewards {rewards}"
    return rewards["reward"] == 1, "tampered" if rewards.get("tampered") else ""


def under_ray(dataset: Path, wanted: list[Case]) -> None:
    import ray

    ray.init(include_dashboard=False, log_to_driver=False)
    remote = ray.remote(num_cpus=1, scheduling_strategy="SPREAD")(
        lambda case: asyncio.run(verdict(dataset, case))
    )
    asked = [(case, remote.remote(case)) for case in wanted]
    for case, answer in asked:
        case.told(*ray.get(answer))
    ray.shutdown()


async def here(dataset: Path, wanted: list[Case]) -> None:
    for case in wanted:
        case.told(*await verdict(dataset, case))


def main() -> None:
    dataset, wanted = Path(sys.argv[1]), list(cases(sys.argv[2]))
    if sys.argv[3:] == ["ray"]:
        under_ray(dataset, wanted)
    else:
        asyncio.run(here(dataset, wanted))


if __name__ == "__main__":
    main()
