"""Runs one command in a running container to its end, its time-out or its container's disk limit.

Whatever a command started is killed when it must not go on: first its own processes, found by a
mark in their environment; if that is not enough (a fork bomb leaves no room for the killer), all
processes of the container.  Never raises for what the command did, except for ``disk_limit``.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docker.errors import DockerException

from envfactory.engine.disk import DiskGuard
from envfactory.engine.facts import ExecResult
from envfactory.engine.stream import Stream
from envfactory.errors import TrialError

if TYPE_CHECKING:
    from docker import APIClient

EXEC_MARK = "ENVFACTORY_EXEC"
KILLER_SECONDS = 15.0
"""For the gentle kill (this command's processes) before the hard one (all processes): a busy machine needs
several only to start the killer; a fork bomb leaves no room for it and is known at once."""
KILL_GRACE = 8.0
"""Seconds in which the engine should notice that all who held the output are dead."""
LOOK_AGAIN = 1.0
"""Seconds until the gentle kill is repeated: a process shows no environment while it starts a program."""
DRAIN_SECONDS = 180.0
INSPECT_EVERY = 5.0
FOREVER = 1e9
_KILLER = """n=0
while [ $n -lt 100 ]; do
  found=$(grep -lsz "^$1$" /proc/[0-9]*/environ) || exit 0
  for file in $found; do pid=${file#/proc/}; kill -9 "${pid%/environ}" 2>/dev/null; done
  n=$((n+1))
  [ $n -lt 30 ] || sleep 0.1
done
exit 1"""


@dataclass(frozen=True)
class Call:
    """What to run, as whom, and its bounds."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str | None
    user: str
    stdin: bytes | None
    timeout: float | None
    max_output: int
    stop: Callable[[], bool] | None = None
    """Asked at least twice a second; true ends the command as its time-out would."""


def run(api: APIClient, container: str, call: Call, guard: DiskGuard | None) -> ExecResult:
    """Run it; Docker's own errors pass through."""
    mark = secrets.token_hex(8)
    started = time.monotonic()
    deadline = started + (FOREVER if call.timeout is None else call.timeout)
    exec_id = _create(api, container, call, mark)
    stream = Stream(api, exec_id, call.stdin, call.max_output)
    watch = _Watch(api, exec_id, guard, call.stop)
    try:
        finished = stream.pump(deadline, watch) or watch.exited
        if not finished:
            _kill(api, container, stream, mark, call.user)
    except BaseException:
        with contextlib.suppress(DockerException, OSError):
            _kill_softly(api, container, mark, call.user)
        raise
    finally:
        stream.close()
    if watch.disk_exceeded:
        raise TrialError(f"{call.argv[0]} wrote more than the container's disk limit", cause="disk_limit")
    code = _exit_code(api, exec_id) if finished else None
    out, err = stream.output.stdout, stream.output.stderr
    seconds = time.monotonic() - started
    return ExecResult(out.text(), err.text(), code, seconds, not finished, out.truncated or err.truncated)


def _create(api: APIClient, container: str, call: Call, mark: str) -> str:
    environment = {**call.env, EXEC_MARK: mark} if mark else call.env
    made = api.exec_create(
        container,
        list(call.argv),
        environment=environment,
        workdir=call.cwd,
        user=call.user,
        stdin=call.stdin is not None,
    )
    return str(made["Id"])


def _exit_code(api: APIClient, exec_id: str) -> int | None:
    """The engine closes the output a moment before it notes the exit code."""
    patience = time.monotonic() + 10
    while True:
        found = api.exec_inspect(exec_id)
        if not found["Running"] or time.monotonic() > patience:
            return None if found["ExitCode"] is None else int(found["ExitCode"])
        time.sleep(0.01)


def _kill(api: APIClient, container: str, stream: Stream, mark: str, user: str) -> None:
    """End everything that the command started; its output is drained meanwhile.

    The engine handles a container's events in order: as long as nobody reads the output of a process
    that died, it notices no other death in that container.
    """
    stop = threading.Event()
    limit = time.monotonic() + DRAIN_SECONDS
    drain = threading.Thread(target=stream.pump, args=(limit, stop.is_set), daemon=True)
    drain.start()
    try:
        patience = time.monotonic() + KILL_GRACE
        while drain.is_alive() and time.monotonic() < patience and _kill_softly(api, container, mark, user):
            drain.join(LOOK_AGAIN)
        if drain.is_alive():
            # No process can be started any more, or one hid its environment: stop all, keep the files.
            api.kill(container, signal="SIGKILL")
            api.wait(container, timeout=60)
            api.start(container)
    finally:
        stop.set()
        drain.join()


def _kill_softly(api: APIClient, container: str, mark: str, user: str) -> bool:
    """Kill every process that carries the mark; whether none is left."""
    argv = ("/bin/sh", "-c", _KILLER, "kill", f"{EXEC_MARK}={mark}")
    exec_id = _create(api, container, Call(argv, {}, "/", user, None, None, 0), "")
    killer = Stream(api, exec_id, None, 4096)
    try:
        if not killer.pump(time.monotonic() + KILLER_SECONDS, lambda: False):
            return False
    finally:
        killer.close()
    return _exit_code(api, exec_id) == 0


class _Watch:
    """Looks after a running command between reads: its disk use, and whether it has ended."""

    def __init__(
        self, api: APIClient, exec_id: str, guard: DiskGuard | None, stop: Callable[[], bool] | None
    ) -> None:
        self._api, self._exec, self._guard, self._stop = api, exec_id, guard, stop
        self._asked = time.monotonic()
        self._gone = 0
        self.disk_exceeded = False
        self.exited = False

    def __call__(self) -> bool:
        if self._stop is not None and self._stop():
            return True
        self.disk_exceeded = self._guard is not None and self._guard.exceeded()
        now = time.monotonic()
        if not self.disk_exceeded and now - self._asked > INSPECT_EVERY:
            # Background children may hold the output open for ever after the command itself ended.
            self._asked = now
            self._gone += not self._api.exec_inspect(self._exec)["Running"]
            self.exited = self._gone > 1
        return self.disk_exceeded or self.exited
