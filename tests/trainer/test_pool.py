"""Pools, cancellation, time limits, snapshots and steps in real containers; nothing is left of any."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gymnasium
import pytest

from envfactory import Dataset, EnvironmentPool
from envfactory.adapters.gymnasium import TaskEnv
from envfactory.errors import EpisodeError, UsageError
from envfactory.trainer import Snapshot, Stop, Task, trajectory
from envfactory.trainer import snapshot as snapshots
from envfactory.trainer.gym import GymEnvironment

if TYPE_CHECKING:
    from envfactory.engine import Engine

pytestmark = pytest.mark.docker


def left(engine: Engine, pid: int | None = None) -> list[str]:
    mark = f"-{pid or os.getpid()}-"
    return [found.name for found in engine.owned_containers() if mark in found.name]


@pytest.fixture(autouse=True)
def nothing_is_left(engine: Engine) -> Iterator[None]:
    yield
    assert left(engine) == []
    assert snapshots.sweep(engine, own=True) == 0


def test_a_pool_bounds_and_reuses_nothing(dataset: Dataset) -> None:
    name = dataset.ids[0]
    with EnvironmentPool(dataset, size=2, warm=1) as pool:
        with pool.start(name) as first, pool.start(name) as second:
            first.write("mark", "1")
            assert second.exec(["test", "-e", "mark"]).exit_code == 1
            with pytest.raises(TimeoutError):
                pool.start(name, timeout=0.2)
            assert pool.state()[:2] == (2, 0)
        began = time.monotonic()
        while pool.state().ready < 1 and time.monotonic() - began < 20:
            pool.expect([name])
            time.sleep(0.1)
        before = pool.state().from_stock
        with pool.start(name) as third:
            assert third.exec("ls").stdout.split() == ["maths.py", "pyproject.toml", "tests"]
        assert pool.state().from_stock == before + 1
        with pytest.raises(KeyError):
            pool.start("other")
        kept = pool.start(name)
    with pytest.raises(EpisodeError, match="ended with its pool"):
        kept.exec("true")
    with pytest.raises(EpisodeError, match="closed"):
        pool.start(name)


def test_cancelled_calls_end_their_work_and_nothing_else(dataset: Dataset) -> None:
    async def play() -> None:
        async with EnvironmentPool(dataset, size=1, warm=0) as pool:
            async with pool.start_async(dataset[0]) as env:
                began = time.monotonic()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(env.exec("sleep 77"), 0.5)
                assert time.monotonic() - began < 10
                assert "sleep 77" not in (await env.exec("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).stdout
                waiting = asyncio.create_task(pool.begin_async(dataset[0]))
                await asyncio.sleep(0.1)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert pool.state()[:2] == (1, 0)
            episode = asyncio.create_task(a_long_one(pool))
            await asyncio.sleep(1.5)
            episode.cancel()
            with pytest.raises(asyncio.CancelledError):
                await episode
            assert pool.state().running == 0

    async def a_long_one(pool: EnvironmentPool) -> None:
        async with pool.start_async(dataset[0]) as env:
            await env.exec("sleep 77")

    asyncio.run(play())


def test_cancelled_grading_is_a_fault(task: Task, engine: Engine) -> None:
    stop = Stop()
    stop.set()
    reward = task.grade("", engine=engine, stop=stop)
    assert (reward.value, reward.fault) == (None, "cancelled")


def test_time_is_over(task: Task, engine: Engine, tmp_path: Path) -> None:
    with task.start(engine=engine, seconds=1.5, trajectory=tmp_path / "t.jsonl") as env:
        with pytest.raises(EpisodeError) as over:
            env.exec("sleep 77")
        assert over.value.cause == "episode_timeout"
        with pytest.raises(EpisodeError, match="used up its time"):
            env.read("maths.py")
    kinds = [event["event"] for event in trajectory.read(tmp_path / "t.jsonl")]
    assert (kinds[0], set(kinds[1:])) == ("start", {"exec", "end"})


def test_a_forgotten_episode_closes_itself(task: Task, engine: Engine) -> None:
    env = task.start(engine=engine, seconds=60)
    assert len(left(engine)) == 1
    del env
    assert left(engine) == []


def test_async_episode_with_a_snapshot(task: Task, engine: Engine, tmp_path: Path) -> None:
    async def play() -> Snapshot:
        async with task.start_async(engine=engine, trajectory=tmp_path / "t.jsonl") as env:
            env.record("reasoning", text="divide")
            await env.write("maths.py", (await env.read("maths.py")).replace("//", "/"))
            made = await env.snapshot()
            await env.restore()
            assert await env.diff() == ""
            await env.restore(made)
            assert (await env.grade()).value == 1.0
            return made

    with asyncio.run(play()) as made, task.start(engine=engine, snapshot=made) as again:
        assert "number / 2" in again.diff()
        again.close()
    kinds = [event["event"] for event in trajectory.read(tmp_path / "t.jsonl")]
    shown = "start reasoning read write snapshot restore diff restore diff grade end"
    assert " ".join(kinds) == shown
    assert trajectory.timings(trajectory.read(tmp_path / "t.jsonl")).grading > 0


KILLED = """
import sys, time
from envfactory import Dataset, EnvironmentPool
pool = EnvironmentPool(Dataset(sys.argv[1]), size=2, warm=1)
env = pool.start(next(iter(pool.tasks)))
env.snapshot()
print("ready", flush=True)
env.exec("sleep 77")
"""


def test_a_killed_trainer_leaves_only_what_is_swept(dataset: Dataset, engine: Engine) -> None:
    argv = [sys.executable, "-c", KILLED, str(dataset.path)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert left(engine, process.pid)
    engine.sweep()
    assert left(engine, process.pid) == []
    assert snapshots.sweep(engine) >= 1


def test_many_threads(dataset: Dataset) -> None:
    done: list[str] = []

    def play(pool: EnvironmentPool, number: int) -> None:
        with pool.start(dataset[0], client=str(number % 2)) as env:
            done.append(env.exec(["echo", str(number)]).stdout.strip())

    with EnvironmentPool(dataset, size=3, warm=2) as pool:
        threads = [threading.Thread(target=play, args=(pool, number)) for number in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert pool.state()[:2] == (0, 0)
    assert sorted(done) == [str(number) for number in range(9)]


def test_steps(task: Task) -> None:
    with GymEnvironment([task], max_steps=3) as env:
        text, info = env.reset(seed=1)
        assert text == task.instruction and info["instance_id"] == task.instance_id
        seen, reward, terminated, truncated, info = env.step("cat maths.py; exit 3")
        assert ("number // 2" in seen, reward, terminated, truncated) == (True, 0.0, False, False)
        assert info["exit_code"] == 3
        assert "does not apply" in env.step({"apply": "diff --git a/x b/x\n"})[0]
        assert env.step({"read": "none"})[1:4] == (0.0, False, True)
        env.reset(options={"instance_id": task.instance_id})
        env.step({"apply": task.gold_patch})
        assert env.step({"submit": True})[1:4] == (1.0, True, False)
        with pytest.raises(UsageError, match="no episode"):
            env.step("ls")


def test_as_gymnasium_env(task: Task) -> None:
    env = gymnasium.wrappers.TimeLimit(TaskEnv([task]), max_episode_steps=2)
    text, _ = env.reset(seed=3)
    assert text == task.instruction
    env.step("echo '{' ")
    assert env.step('{"submit": true}')[1:3] == (0.0, True)
    env.close()
