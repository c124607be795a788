"""Run a task's tests once, in a fresh container, and say what every test did.

Order: the patch (but for protected paths), the rebuild, the hidden files, then the tests.  A run that
exhausts memory, time, disk or processes is a result; only trouble with the engine is an error.  Never
reuses a container and never reads outcomes from printed text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envfactory.errors import TrialError
from envfactory.languages.surroundings import prefixes
from envfactory.records import State, TestReport
from envfactory.trials.canary import canary
from envfactory.trials.log import write_log
from envfactory.trials.lost import KILLED, STREAM_LOST, cut_off, lost, stays
from envfactory.trials.outcome import Ending, Label, report_of
from envfactory.trials.plan import TrialPlan
from envfactory.trials.preparation import prepare
from envfactory.trials.staging import TESTBED, Staging

if TYPE_CHECKING:
    from envfactory.engine import Container, Engine
    from envfactory.languages.protocol import Collector

FROZEN_ENV = {
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""The same in every run; an environment's own variables win."""
CLEARED_ENV = {"PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
"""Options must come from the test command alone."""
REPORT_BYTES = 128 << 20
OWN_SHARE = 0.9
"""A container that is killed for memory with less of its limit in use was killed for others' sake; the
kernel charges in batches of 32 pages per processor, so its own limit is met within a few MB."""
_OOM_KILLS = (
    "cd /sys/fs/cgroup && cat memory.events memory/memory.oom_control 2>/dev/null | grep '^oom_kill '"
)


def run_trial(
    engine: Engine, plan: TrialPlan, *, state: State, attempt: int = 1, log: Path | None = None
) -> TestReport:
    """One run.  Raises ``PatchError`` when the patch is to blame, ``TrialError`` when the machine is."""
    if not plan.test_modules:
        raise ValueError("a trial without test modules would run whatever the runner finds")
    found = engine.image(plan.image)
    if found is None:
        raise TrialError(
            f"image {plan.image} is not there", cause="image_missing", hint="build it again: envfactory build"
        )
    label = Label(found.id, state, attempt, plan.limits, plan.canaries)
    staging = Staging(plan.collector or _collector(plan.language))
    env = {**FROZEN_ENV, **staging.collector.env, **plan.env, **CLEARED_ENV}
    canaries = canary(plan.canaries, plan.test_modules)
    with engine.container(plan.image, limits=plan.limits, env=env, name_hint=f"trial-{state}") as container:
        dropped = prepare(container, plan, staging, canaries, env)
        modules = [*plan.test_modules, *([canaries.path] if canaries else [])]
        argv = [*plan.test_command, *staging.collector_args(), *map(operand, modules)]
        ending = _run_tests(container, plan, argv, {**env, "PYTHONPATH": staging.import_path(env)})
        data = _fetch(container, staging.report)
    if ending.exit_code == prefixes.NOT_STARTED and not data and any(prefixes.blocks(plan.test_command)):
        # Nothing of the repository ran: the collector writes before anything of it is imported.
        told = ending.output[-2000:]
        raise TrialError(
            f"what the tests need did not start: {told.strip()}",
            cause="surroundings_not_started",
            retryable=True,
            log=told,
        )
    report = report_of(data, staging.key, staging.nonce, ending, label, canaries)
    report = report.model_copy(update={"dropped": dropped})
    if log is not None:
        write_log(log, argv, report, ending)
    return report


def _collector(language: str) -> Collector:
    from envfactory.languages import LANGUAGES

    return LANGUAGES[language].COLLECTOR


def operand(module: str) -> str:
    """A test module as an argument that no runner takes for an option."""
    return f"./{module}" if module.startswith("-") else module


def _run_tests(container: Container, plan: TrialPlan, argv: list[str], env: dict[str, str]) -> Ending:
    """The test process from start to end, whatever its end is."""
    limits = plan.limits
    try:
        result = container.exec(
            argv, timeout=limits.run_seconds, env=env, cwd=TESTBED, max_output=limits.output_bytes
        )
    except TrialError as error:
        if error.cause == "disk_limit":
            return Ending(None, interrupted="disk_limit", output=str(error))
        if error.cause == "container_gone":
            return _stopped(container, error)
        raise
    stats = container.stats()
    if result.exit_code in KILLED or not stats.running:
        stays(container)
        stats = container.stats()
    if stats.running and cut_off(result):
        raise lost(argv, STREAM_LOST)
    starved = stats.oom_killed or (result.exit_code in KILLED and _memory_ran_out(container))
    if starved and 0 < stats.memory_peak_bytes < OWN_SHARE * (limits.memory_mb << 20):
        raise TrialError(
            f"the machine ran out of memory: tests were killed at {stats.memory_peak_bytes >> 20} MB",
            cause="host_out_of_memory",
            retryable=True,
            hint="run fewer jobs at a time",
        )
    return Ending(
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        out_of_memory=starved,
        seconds=result.seconds,
        cpu_seconds=stats.cpu_seconds,
        output=result.stdout + ("\n--- stderr ---\n" + result.stderr if result.stderr.strip() else ""),
        interrupted="" if stats.running else "the tests stopped their container",
    )


def _memory_ran_out(container: Container) -> bool:
    """The engine notes this of a container's first process only; the kernel counts it for all."""
    try:
        counted = container.exec(["/bin/sh", "-c", _OOM_KILLS], timeout=30, cwd="/").stdout
    except TrialError as error:
        if error.cause == "container_gone":
            return False
        raise
    return any(line.split()[1:] not in ([], ["0"]) for line in counted.splitlines())


def _stopped(container: Container, error: TrialError) -> Ending:
    """The container ended under the tests: their own deed if it is still there, else the machine's."""
    stats = container.stats()
    if stats.running:
        raise error
    stays(container)
    return Ending(
        stats.exit_code, out_of_memory=stats.oom_killed, output=str(error), interrupted="container stopped"
    )


def _fetch(container: Container, path: str) -> bytes:
    """The report as far as it goes; nothing when the tests never started or put something else there."""
    try:
        return container.get(path, max_bytes=REPORT_BYTES)
    except FileNotFoundError:
        return b""
    except TrialError as error:
        if error.cause in ("report_not_a_file", "report_too_large", "report_unreadable"):
            return b"\0\n"  # no collector writes this: it reads as tampered
        raise
