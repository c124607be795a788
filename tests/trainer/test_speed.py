"""The times of an episode, what a trainer may choose of the speed term, and baselines of this machine."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from envfactory import Dataset
from envfactory.commands import app
from envfactory.errors import TrialError, UsageError
from envfactory.exporters import EXPORTERS, ExportContext
from envfactory.records import Completion, Reference, Reward, SpeedChoice, SpeedTerm
from envfactory.trainer import Task, speed
from envfactory.trainer.clock import EpisodeClock
from tests.exporters import sample

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine

TERM = SpeedTerm(baseline_seconds=(2.0, 4.0, 3.0), baseline_cpu_seconds=(1.0, 2.0, 1.5))


@pytest.fixture
def bundle(tmp_path: Path) -> Dataset:
    task = sample.sample_task(sample.repository(tmp_path / "repo"), speed=TERM)
    EXPORTERS["bundle"].export([task], tmp_path / "dataset", ExportContext(thin=True))
    return Dataset(tmp_path / "dataset")


def reward(name: str, seconds: float, *, resolved: bool = True) -> Reward:
    return Reward(
        instance_id=name,
        value=float(resolved),
        resolved=resolved,
        fail_to_pass_rate=1.0,
        pass_to_pass_rate=1.0,
        completion=Completion(episode=seconds, cpu=seconds / 3),
        spec_digest="d",
    )


def test_a_chosen_term_goes_with_the_task(bundle: Dataset) -> None:
    chosen = bundle.with_speed(beta=0.25, h="linear")
    for task in (chosen[0], chosen["acme__maths-7"], chosen[:1][0], next(iter(chosen)), *chosen.filter()):
        found = task.reward_spec.speed
        assert (found.beta, found.h, found.formula) == (0.25, "linear", "max(0, 1 - x / (2 * scale))")
        assert found.baseline_seconds == TERM.baseline_seconds and task.recorded_spec.speed == TERM
    again = chosen[0].with_speed(clock="cpu").reward_spec
    assert (again.speed.beta, again.speed.clock) == (0.25, "cpu")
    assert again.digest != bundle[0].reward_spec.digest and bundle[0].reward_spec.speed == TERM
    for wrong in ({"beta": -1}, {"gamma": 1}):
        with pytest.raises(UsageError, match="no such speed term"):
            bundle.with_speed(**wrong)


def test_a_baseline_from_episodes_and_its_file(bundle: Dataset, tmp_path: Path) -> None:
    name = bundle.ids[0]
    rewards = [reward(name, 6.0), reward(name, 12.0), reward(name, 1.0, resolved=False), reward("other", 1.0)]
    found = speed.of_episodes(rewards, bundle)
    assert found.tasks[name] == Reference(seconds=(6.0, 12.0), cpu_seconds=(2.0, 4.0))
    assert (found.ratio, found.cpu_ratio) == (3.0, 2.0) and found.machine.processors > 0
    path = speed.write(tmp_path / "b.json", found)
    assert speed.read(path) == found and [one.name for one in tmp_path.glob("b.json*")] == ["b.json"]
    here = bundle.with_speed(baseline=path)[0]
    assert here.reward_spec.speed.baseline_seconds == (6.0, 12.0)
    assert here.reward_spec.digest == here.recorded_spec.digest
    path.write_text("{}")
    with pytest.raises(UsageError, match="cannot use the baseline"):
        bundle.with_speed(baseline=path)


def test_a_bundle_that_knows_only_wall_clocks(bundle: Dataset) -> None:
    """As they were written before there was a choice."""
    directory = bundle[0].directory
    spec = directory / "tests/reward_spec.json"
    before = spec.read_text()
    start = before.index('"speed": {')
    term = '"speed": {"beta": 0.0, "formula": "1 / (1 + x)"}'
    spec.write_text(before[:start] + term + before[before.index("}", start) + 1 :])
    assert Task(directory).reward_spec.speed == TERM


class Meter:
    """As much of a container as a clock asks."""

    def __init__(self, cpu: float | None) -> None:
        self.cpu = cpu

    def stats(self) -> Meter:
        if self.cpu is None:
            raise TrialError("gone", cause="container_gone")
        self.running, self.cpu_seconds = True, self.cpu
        return self


def read(clock: EpisodeClock, cpu: float | None = 1.0) -> Completion:
    container: Container = Meter(cpu)  # type: ignore[assignment]
    return clock.read(container)


def test_clocks_count_what_they_should() -> None:
    clock = EpisodeClock()
    time.sleep(0.05)
    with clock.working(), clock.working():
        time.sleep(0.1)
    with clock.paused(), clock.working():
        time.sleep(0.3)
    found = read(clock)
    assert found.episode is not None and found.environment is not None and found.cpu == 1.0
    assert 0.15 <= found.episode < 0.3 and 0.1 <= found.environment < found.episode - 0.04
    clock.leave(Meter(2.0))  # type: ignore[arg-type]
    assert read(clock).cpu == 3.0 and read(clock, None).cpu is None
    clock.leave(Meter(None))  # type: ignore[arg-type]
    assert read(clock).cpu is None


@pytest.mark.docker
def test_an_episode_is_timed_and_weighed(task: Task, engine: Engine) -> None:
    chosen = task.with_speed(beta=0.5)
    chosen.__dict__["reward_spec"] = task.reward_spec.model_copy(
        update={"speed": SpeedTerm(beta=0.5, baseline_seconds=(5.0,), baseline_cpu_seconds=(1.0,))}
    )
    with chosen.start(engine=engine) as env:
        env.exec("python -c 'for i in range(10 ** 7): pass'")
        time.sleep(0.5)
        slow = env.grade()
        assert slow.value == 0.0 == slow.speed and slow.completion is not None
        env.restore()
        env.apply(task.gold_patch)
        found = env.grade(mode="partial")
        times = found.completion
    assert times is not None and times.episode and times.environment and times.cpu
    assert found.seconds > 0.1 and 0.5 < times.episode - times.environment < 1.5
    assert slow.completion.cpu is not None and times.cpu > slow.completion.cpu > 0.05
    assert found.speed == pytest.approx(1 / (1 + times.episode / 5.0))
    assert found.value == pytest.approx(1 + 0.5 * found.speed) and found.performance == 1.0
    by_choice = chosen.grade(
        task.gold_patch, engine=engine, completion_seconds=5.0, speed=SpeedChoice(beta=0.1)
    )
    assert by_choice.value == pytest.approx(1.05) and by_choice.speed == 0.5


@pytest.mark.docker
def test_a_baseline_of_this_machine(dataset: Dataset, tmp_path: Path) -> None:
    place = tmp_path / "here.json"
    argv = ["baseline", str(dataset.path), "--runs", "2", "-o", str(place), "--json"]
    done = CliRunner().invoke(app, argv)
    assert done.exit_code == 0, done.output
    found = speed.read(place)
    reference = found.tasks[dataset.ids[0]]
    assert len(reference.seconds) == 2 and all(0 < one < 60 for one in reference.seconds)
    assert all(one > 0 for one in reference.cpu_seconds) and not found.failed
    assert dataset.with_speed(baseline=place)[0].reward_spec.speed.baseline_seconds == reference.seconds
