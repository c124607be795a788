"""What happens in a container before its tests run: patch, rebuild, protected paths, hidden files.

Hidden files come last, so nothing that the patch or its build steps do survives over them.  Raises
``PatchError`` for what the patch is to blame for; decides nothing about rewards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envfactory.errors import TrialError
from envfactory.trials.canary import Canary
from envfactory.trials.lost import KILLED, STREAM_LOST, carried_out, cut_off, lost, stays
from envfactory.trials.plan import PatchError, TrialPlan
from envfactory.trials.protection import dropped_paths, exclusions, is_protected
from envfactory.trials.staging import GIT, TESTBED, Staging

if TYPE_CHECKING:
    from envfactory.engine import Container

STEP_SECONDS = 300.0
"""One step of ours; an honest one takes well under a second."""
LIST_BYTES = 16 << 20


def prepare(
    container: Container, plan: TrialPlan, staging: Staging, canary: Canary | None, env: Mapping[str, str]
) -> tuple[str, ...]:
    """Bring the repository into the state that the plan describes; returns what was left out of the patch."""
    patch = plan.patch if plan.patch.endswith("\n") else plan.patch + "\n"
    patched = bool(patch.strip())
    hidden = (*plan.hidden_files, *([canary.file] if canary else []))
    brought = staging.collector_files(plan.limits.test_seconds, env)
    brought |= staging.place_files(hidden)
    if patched:
        brought[f"{staging.folder}/patch"] = patch.encode("utf-8", "surrogateescape")
    container.put(brought)
    spliced, dropped = _apply(container, plan, staging, patch) if patched else ({}, ())
    if plan.rebuild_steps:
        with _its_own_doing(container, patched):
            _rebuild(container, plan)
    with _its_own_doing(container, patched and bool(plan.rebuild_steps)):
        if hidden:
            _step(container, staging.place_command(), "placing the hidden files")
        if spliced:
            container.put({f"{TESTBED}/{path}": content for path, content in spliced.items()})
    return dropped


@contextmanager
def _its_own_doing(container: Container, patched: bool) -> Iterator[None]:
    """What rebuilding a patched tree does to its container is the patch's doing, not the machine's."""
    try:
        yield
    except TrialError as error:
        caused = error.cause in ("preparation_failed", "disk_limit")
        if error.cause == "container_gone" and not container.stats().running:
            stays(container)
            caused = True
        if not (patched and caused):
            raise
        raise PatchError(f"rebuilding broke the container: {error}", cause="rebuild_failed") from error


def _apply(
    container: Container, plan: TrialPlan, staging: Staging, patch: str
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Apply the patch; returns what the shared files that it touches must become, and what was left out."""
    touched: tuple[str, ...] = ()
    if plan.protected or plan.shared:
        touched = _touched(_patch_step(container, staging.list_command()))
    dropped = dropped_paths(touched, patch, plan.protected)
    _patch_step(container, staging.apply_command(exclusions(dropped)))
    mine = sorted(set(touched) & set(plan.shared) - set(dropped)) if plan.splice else []
    spliced = {
        path: plan.splice(path, _current(container, path), plan.shared[path]) for path in mine if plan.splice
    }
    return spliced, dropped


def _touched(numstat: str) -> tuple[str, ...]:
    entries = (entry.split("\t", 2) for entry in numstat.split("\0"))
    return tuple(parts[2] for parts in entries if len(parts) == 3)


def _current(container: Container, path: str) -> bytes | None:
    try:
        return container.get(f"{TESTBED}/{path}", max_bytes=1 << 20)
    except FileNotFoundError:
        return None
    except TrialError as error:
        if error.cause.startswith("report_"):  # a link, a folder, too large: not what it should be
            return None
        raise


def _patch_step(container: Container, argv: Sequence[str]) -> str:
    result = carried_out(container, argv, STEP_SECONDS, LIST_BYTES, TESTBED)
    if result.exit_code != 0:
        told = result.stderr.strip() or "git apply took too long"
        raise PatchError(
            f"the patch does not apply: {told[:2000]}", cause="patch_does_not_apply", log=told[-8000:]
        )
    return result.stdout


def _step(container: Container, argv: Sequence[str], what: str) -> str:
    result = carried_out(container, argv, STEP_SECONDS, LIST_BYTES, TESTBED)
    if result.exit_code != 0:
        told = result.stderr.strip()
        raise TrialError(f"{what} failed: {told[:2000]}", cause="preparation_failed", log=told[-8000:])
    return result.stdout


def _rebuild(container: Container, plan: TrialPlan) -> None:
    """Repeat the install steps, then undo what they did to protected paths."""
    before = _untracked(container)
    for step in plan.rebuild_steps:
        argv = ["/bin/sh", "-ec", step]
        result = container.exec(argv, timeout=plan.limits.run_seconds, cwd=TESTBED)
        if cut_off(result):
            raise lost(argv, STREAM_LOST)
        if result.exit_code in KILLED:
            stays(container)
        if result.exit_code != 0:
            told = (result.stdout + result.stderr)[-8000:]
            raise PatchError(f"rebuilding failed: {step}", cause="rebuild_failed", log=told)
    planted = sorted(path for path in _untracked(container) - before if is_protected(path, plan.protected))
    for start in range(0, len(planted), 500):
        _step(container, ["rm", "-rf", "--", *planted[start : start + 500]], "restoring protected paths")


def _untracked(container: Container) -> frozenset[str]:
    listed = _step(container, [*GIT, "ls-files", "-z", "--others"], "listing new files")
    return frozenset(listed.split("\0")) - {""}
