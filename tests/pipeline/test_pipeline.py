"""Every pull request ends somewhere, nothing finished is done twice, and order changes no result."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from envfactory.errors import BuildError, PrerequisiteError, TrialError, UsageError
from envfactory.executors import Executor, InlineExecutor, LocalExecutor
from envfactory.pipeline import Plan, Silent, Summary, discover, process
from envfactory.pipeline.dataset import counts
from envfactory.records import STAGES, Failure, Rejection
from envfactory.store import Store
from envfactory.workspace import Workspace
from tests.pipeline.fakes import Key, Works, pull_request, raises, rejects

PLAN = Plan(pause=0.0)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with Store(workspace.make().db) as opened:
        yield opened


def go(
    workspace: Workspace,
    store: Store,
    works: Works,
    count: int = 3,
    plan: Plan = PLAN,
    workers: Executor | None = None,
) -> Summary:
    keys = discover("clone", [pull_request(number) for number in range(1, count + 1)], store, Silent())
    return process(
        keys,
        store=store,
        table=works.table(),
        plan=plan,
        executor=workers or InlineExecutor(),
        workspace=workspace,
        progress=Silent(),
    )


def test_everything_gets_through(workspace: Workspace, store: Store) -> None:
    result = go(workspace, store, Works())
    assert {entry.stage for entry in result.last.values()} == {"extract"}
    assert not result.failed
    record = store.record("extract", "sample/words#1", Key)
    assert record is not None and record.runs == 3


def test_a_second_run_does_nothing(workspace: Workspace, store: Store) -> None:
    works = Works(faults={("mine", 2): rejects("mine", 2)})
    go(workspace, store, works)
    before = dict(works.calls)
    go(workspace, store, works)
    assert works.calls == before
    assert len(store.attempts("sample/words#1")) == 3


def test_ways_out(workspace: Workspace, store: Store) -> None:
    works = Works(
        faults={
            ("mine", 1): rejects("mine", 1, "formatting_only"),
            ("build", 2): raises(BuildError("no", cause="build_step_failed", log="tail")),
            ("extract", 3): raises(TrialError("gone", cause="engine_unreachable", retryable=True)),
            ("build", 4): raises(KeyError("oops")),
        }
    )
    result = go(workspace, store, works, 5)
    assert result.failed == ["sample/words#2", "sample/words#3", "sample/words#4"]
    assert result.bugs == ["sample/words#4"]
    assert result.faults == ["sample/words#3"]
    stages = counts(store)
    assert stages["mine"] == {"in": 5, "out": 4, "rejected": {"formatting_only": 1}, "failed": {}}
    assert stages["build"]["failed"] == {"bug": 1, "build_step_failed": 1}
    assert stages["extract"] == {"in": 2, "out": 1, "rejected": {}, "failed": {"engine_unreachable": 1}}
    failure = store.record("build", "sample/words#4", Failure)
    assert failure is not None and "KeyError" in Path(failure.log).read_text()
    failure = store.record("build", "sample/words#2", Failure)
    assert failure is not None and "tail" in Path(failure.log).read_text()
    assert "Traceback" not in Path(failure.log).read_text()


def test_faults_of_the_machine_are_tried_again(workspace: Workspace, store: Store) -> None:
    fault = TrialError("gone", cause="engine_unreachable", retryable=True)
    works = Works(faults={("extract", 1): raises(fault, 2), ("extract", 2): raises(fault, 3)})
    result = go(workspace, store, works)
    assert works.calls[("extract", 1)] == 3
    assert works.calls[("extract", 2)] == 3
    assert result.failed == ["sample/words#2"]
    assert not go(workspace, store, works).failed, "a later run tries again"


def test_lasting_failures_are_not_tried_again(workspace: Workspace, store: Store) -> None:
    works = Works(faults={("build", 1): raises(BuildError("no", cause="build_step_failed"))})
    go(workspace, store, works)
    go(workspace, store, works)
    assert works.calls[("build", 1)] == 1
    go(workspace, store, works, plan=replace(PLAN, redo=frozenset({"build"})))
    assert works.calls[("build", 1)] == 2


def test_bugs_are_tried_again_by_the_next_run(workspace: Workspace, store: Store) -> None:
    works = Works(faults={("build", 1): raises(KeyError("oops"), 1)})
    assert go(workspace, store, works).bugs
    assert not go(workspace, store, works).bugs


def test_what_every_pull_request_would_meet_ends_the_run(workspace: Workspace, store: Store) -> None:
    works = Works(faults={("build", 1): raises(PrerequisiteError("no Docker"))})
    for workers in (InlineExecutor(), LocalExecutor(2)):
        with pytest.raises(PrerequisiteError):
            go(workspace, store, works, workers=workers)
    assert counts(store)["build"]["failed"] == {}


def test_a_missing_clone_is_a_failure_of_its_pull_requests(workspace: Workspace, store: Store) -> None:
    works = Works(faults={("mine", 1): raises(UsageError("no repository"))})
    result = go(workspace, store, works)
    assert result.last["sample/words#1"].reason == "input_unusable"


@pytest.mark.parametrize("stage", STAGES)
def test_redo(workspace: Workspace, store: Store, stage: str) -> None:
    works = Works()
    go(workspace, store, works, 1)
    go(workspace, store, works, 1, replace(PLAN, redo=frozenset({stage})))  # type: ignore[arg-type]
    assert works.calls == {(name, 1): 2 if name == stage else 1 for name in STAGES}


def test_changed_inputs_run_again(workspace: Workspace, store: Store) -> None:
    works = Works()
    go(workspace, store, works, 1)
    works.settings["extract"] = {"runs": 5}
    go(workspace, store, works, 1)
    assert works.calls == {("mine", 1): 1, ("build", 1): 1, ("extract", 1): 2}
    store.add_pull_request(pull_request(1, "Another title"), "clone")
    keys = ["sample/words#1"]
    process(
        keys,
        store=store,
        table=works.table(),
        plan=PLAN,
        executor=InlineExecutor(),
        workspace=workspace,
        progress=Silent(),
    )
    assert works.calls == {("mine", 1): 2, ("build", 1): 2, ("extract", 1): 3}


def test_a_lost_image_is_built_again_only_where_it_is_needed(workspace: Workspace, store: Store) -> None:
    works = Works()
    go(workspace, store, works, 1)
    works.gone.add("gold Fix it")
    go(workspace, store, works, 1)
    assert works.calls[("build", 1)] == 1, "the task is done: nobody needs its image now"
    go(workspace, store, works, 1, replace(PLAN, redo=frozenset({"extract"})))
    assert works.calls == {("mine", 1): 1, ("build", 1): 2, ("extract", 1): 2}
    works.gone.add("gold Fix it")
    go(workspace, store, works, 1, Plan(("build",), need_images=True))
    assert works.calls == {("mine", 1): 1, ("build", 1): 3, ("extract", 1): 2}
    assert store.entry("extract", "sample/words#1"), "an equal image leaves the task as it is"


def test_a_rejection_of_the_miner(workspace: Workspace, store: Store) -> None:
    absent = Rejection(key="sample/words#9", stage="mine", reason="not_merged")
    keys = discover("clone", [absent, pull_request(1)], store, Silent())
    assert keys == ["sample/words#9", "sample/words#1"]
    go(workspace, store, Works(), 1)
    assert counts(store)["mine"] == {"in": 2, "out": 1, "rejected": {"not_merged": 1}, "failed": {}}


def contents(store: Store) -> list[tuple[str, str, str, str, str]]:
    return sorted((one.stage, one.key, one.status, one.reason, one.digest) for one in store.entries())


def test_order_and_interruption_change_nothing(tmp_path: Path) -> None:
    def works() -> Works:
        return Works(
            faults={
                ("mine", 3): rejects("mine", 3),
                ("build", 5): raises(BuildError("no", cause="build_step_failed")),
                ("extract", 7): rejects("extract", 7, "no_fail_to_pass"),
                ("extract", 8): raises(TrialError("gone", cause="engine_unreachable", retryable=True), 1),
            }
        )

    calm = Workspace(tmp_path / "calm")
    with Store(calm.make().db) as store:
        go(calm, store, works(), 12)
        expected = [entry[:4] for entry in contents(store)]
        digests = {entry[:2]: entry[4] for entry in contents(store) if entry[2] != "failed"}
    for seed in range(5):
        chaos = Workspace(tmp_path / f"chaos-{seed}")
        chosen, kills, work = random.Random(seed), 3, works()
        while True:
            with Store(chaos.make().db) as store:  # what was open when the process died is forgotten
                stop_after = chosen.randrange(1, 9) if kills else 10**6
                kills -= 1
                try:
                    go(chaos, store, work, 12, workers=Dying(LocalExecutor(4), stop_after))
                    break
                except Killed:
                    continue
        with Store(chaos.db) as store:
            assert [entry[:4] for entry in contents(store)] == expected
            assert {entry[:2]: entry[4] for entry in contents(store) if entry[2] != "failed"} == digests


class Killed(Exception):
    """Stands for ``kill -9``."""


class Dying:
    """An executor that vanishes after so many results."""

    def __init__(self, inner: Executor, after: int) -> None:
        self._inner, self._after = inner, after

    def map(self, work, next_job):  # type: ignore[no-untyped-def]
        for number, done in enumerate(self._inner.map(work, next_job)):
            if number == self._after:
                self._inner.close(10)
                raise Killed
            yield done

    def close(self, wait: float) -> bool:
        return self._inner.close(wait)


def test_jobs_run_at_the_same_time_and_no_more_than_asked(workspace: Workspace, store: Store) -> None:
    barrier = threading.Barrier(2, timeout=20)
    running, most, lock = 0, 0, threading.Lock()

    def meet(tries: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        barrier.wait()
        with lock:
            running -= 1

    works = Works(faults={("build", number): meet for number in range(1, 5)})
    go(workspace, store, works, 4, workers=LocalExecutor(2))
    assert most == 2
    assert counts(store)["extract"]["out"] == 4
