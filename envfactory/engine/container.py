"""One hardened container: made, used and always removed.

No network unless asked, no more memory, processes, processor or disk than its limits, no privilege
that tests do not need.  Never mounts anything of the host, never keeps a log.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, NotFound
from docker.types import LogConfig, Ulimit

from envfactory.engine import archive, owner
from envfactory.engine.disk import DiskGuard
from envfactory.engine.execution import IDLE_INSPECT, Stream
from envfactory.engine.facts import ContainerState, ExecResult
from envfactory.engine.faults import engine_errors
from envfactory.errors import TrialError
from envfactory.records import Limits

if TYPE_CHECKING:
    from docker import APIClient

KEPT_CAPABILITIES = (
    # Suites that run as root change owners and modes, read each other's files, switch user for
    # services, and signal them; servers under test bind low ports and (sshd) change root.  None of
    # these reaches beyond the container.  Left out of Docker's set: MKNOD, NET_RAW, SETFCAP, SETPCAP,
    # AUDIT_WRITE, which no test suite needs and which escapes were built on.
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETGID",
    "SETUID",
    "SYS_CHROOT",
)
HOSTNAME = "testbed"
EXEC_MARK = "ENVFACTORY_EXEC"
KILL_GRACE = 3.0
"""Seconds for the gentle kill (this command's processes) before the hard one (all processes)."""
_KILLER = """n=0
while [ $n -lt 50 ]; do
  found=$(grep -ls "^$1$" /proc/[0-9]*/environ -z) || exit 0
  for file in $found; do pid=${file#/proc/}; kill -9 "${pid%/environ}" 2>/dev/null; done
  n=$((n+1))
done
exit 1"""


class Container:
    """A container of ours; ``with`` starts and removes it, ``start``/``close`` do the same by hand."""

    def __init__(
        self,
        api: APIClient,
        image: str,
        limits: Limits,
        *,
        network: str,
        settings: Mapping[str, Any],
        root: str,
    ) -> None:
        self._api = api
        self._image = image
        self._limits = limits
        self._network = network
        self._settings = settings
        self._root = root
        hint = re.sub(r"[^a-zA-Z0-9_.-]+", "-", str(settings.get("name_hint") or "run"))[:40]
        self.name = f"envfactory-{hint}-{os.getpid()}-{secrets.token_hex(4)}"
        self.id = ""
        self._guard: DiskGuard | None = None

    def __enter__(self) -> Container:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Container:
        """Create and start it; nothing is left behind when that fails or is interrupted."""
        try:
            with engine_errors(f"cannot start a container of {self._image}"):
                made = self._api.create_container(
                    self._image,
                    entrypoint=["sleep"],
                    command=["infinity"],
                    name=self.name,
                    hostname=HOSTNAME,
                    environment=dict(self._settings.get("env") or {}),
                    working_dir=self._settings.get("workdir"),
                    labels=owner.labels(),
                    host_config=self._host_config(),
                    user="0",
                )
                self.id = made["Id"]
                self._api.start(self.id)
        except BaseException:
            self.close()
            raise
        self._guard = DiskGuard(self._api, self.id, self._limits.disk_mb << 20, self._root)
        return self

    def _host_config(self) -> Any:
        limits = self._limits
        memory, disk = limits.memory_mb << 20, limits.disk_mb << 20
        return self._api.create_host_config(
            network_mode=self._network,
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=int(limits.cpus * 1_000_000_000),
            pids_limit=limits.pids,
            shm_size=memory // 4,
            cap_drop=["ALL"],
            cap_add=list(KEPT_CAPABILITIES),
            security_opt=["no-new-privileges"],
            init=True,
            log_config=LogConfig(type="none"),
            extra_hosts={HOSTNAME: "127.0.0.1"},
            ulimits=[
                Ulimit(name="fsize", soft=disk, hard=disk),
                Ulimit(name="core", soft=0, hard=0),
            ],
        )

    def close(self) -> None:
        """Remove it, running or not; removing what is gone already is fine."""
        for attempt in range(3):
            try:
                self._api.remove_container(self.id or self.name, force=True, v=True)
            except NotFound:
                break
            except (DockerException, OSError):
                # Busy, or the engine is gone: the owner label lets ``sweep`` finish this later.
                time.sleep(0.2 * attempt)
            else:
                break

    def exec(
        self,
        argv: Sequence[str],
        *,
        timeout: float | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        user: str | None = None,
        stdin: bytes | None = None,
        max_output: int = 1 << 20,
    ) -> ExecResult:
        """Run ``argv``; at most ``timeout`` seconds and ``max_output`` bytes of each stream.

        Of longer output the first and the last half are kept.  At the time-out everything that the
        command started is killed and ``exit_code`` is ``None``.  Raises :class:`TrialError` with cause
        ``disk_limit`` when the container wrote more than its limit, else per :mod:`.faults`.
        """
        mark = secrets.token_hex(8)
        started = time.monotonic()
        deadline = started + (timeout if timeout is not None else 1e9)
        with engine_errors(f"cannot run {argv[0]} in {self.name}"):
            exec_id = self._create_exec(argv, {**(env or {}), EXEC_MARK: mark}, cwd, user, stdin is not None)
            stream = Stream(self._api, exec_id, stdin, max_output)
            watch = _Watch(self, exec_id)
            try:
                finished = stream.pump(deadline, watch) or watch.exited
                if not finished:
                    self._kill(stream, mark, user)
            except BaseException:
                with contextlib.suppress(DockerException, OSError):
                    self._kill_softly(mark, user)
                raise
            finally:
                stream.close()
            if watch.disk_exceeded:
                raise TrialError(
                    f"{argv[0]} wrote more than {self._limits.disk_mb} MB in {self.name}", cause="disk_limit"
                )
            code = self._exit_code(exec_id) if finished else None
        out, err = stream.output.stdout, stream.output.stderr
        seconds = time.monotonic() - started
        return ExecResult(out.text(), err.text(), code, seconds, not finished, out.truncated or err.truncated)

    def _create_exec(
        self, argv: Sequence[str], env: dict[str, str], cwd: str | None, user: str | None, stdin: bool
    ) -> str:
        made = self._api.exec_create(
            self.id, list(argv), environment=env, workdir=cwd, user=user or "", stdin=stdin
        )
        return str(made["Id"])

    def _exit_code(self, exec_id: str) -> int | None:
        """The engine closes the output a moment before it notes the exit code."""
        patience = time.monotonic() + 10
        while True:
            found = self._api.exec_inspect(exec_id)
            if not found["Running"] or time.monotonic() > patience:
                return None if found["ExitCode"] is None else int(found["ExitCode"])
            time.sleep(0.01)

    def _kill(self, stream: Stream, mark: str, user: str | None) -> None:
        """End a command that must not go on: its own processes, or all if that is not enough."""
        if self._kill_softly(mark, user) and stream.pump(time.monotonic() + KILL_GRACE, lambda: False):
            return
        # No process can be started (fork bomb), or one hid its environment: stop all of them.
        self._api.kill(self.id, signal="SIGKILL")
        self._api.wait(self.id, timeout=60)
        self._api.start(self.id)

    def _kill_softly(self, mark: str, user: str | None) -> bool:
        argv = ["/bin/sh", "-c", _KILLER, "kill", f"{EXEC_MARK}={mark}"]
        exec_id = self._create_exec(argv, {}, "/", user, False)
        killer = Stream(self._api, exec_id, None, 4096)
        try:
            if not killer.pump(time.monotonic() + KILL_GRACE, lambda: False):
                return False
        finally:
            killer.close()
        return self._exit_code(exec_id) == 0

    def put(self, files: Mapping[str, archive.File], *, root: str = "/") -> None:
        """Write files owned by root; missing parent folders are made."""
        with engine_errors(f"cannot write into {self.name}"):
            self._api.put_archive(self.id, "/", archive.pack(files, root))

    def get(self, path: str, *, max_bytes: int = 64 << 20) -> bytes:
        """A regular file's content.  ``FileNotFoundError`` if there is none; links are refused."""
        with engine_errors(f"cannot read {path} from {self.name}"):
            try:
                chunks, found = self._api.get_archive(self.id, path)
            except NotFound:
                self._api.inspect_container(self.id)  # a container that is gone is another matter
                missing = True
            else:
                missing = False
            if not missing:
                return self._checked(chunks, found, path, max_bytes)
        raise FileNotFoundError(path)

    @staticmethod
    def _checked(chunks: Any, found: Mapping[str, Any], path: str, max_bytes: int) -> bytes:
        try:
            # Go's mode bits: every type bit is above the nine permissions and the three sticky ones.
            if found["mode"] & (0x8F280000 & ~stat.S_IMODE(0xFFF)) or found.get("linkTarget"):
                raise archive.not_a_file(path)
            if found["size"] > max_bytes:
                raise archive.too_large(path, found["size"], max_bytes)
            return archive.unpack_one(chunks, path, max_bytes)
        finally:
            chunks.close()

    def stats(self) -> ContainerState:
        """State, processor seconds and peak memory of everything that ran in it so far."""
        with engine_errors(f"cannot ask about {self.name}"):
            state = self._api.inspect_container(self.id)["State"]
            used: Mapping[str, Any] = {}
            if state["Running"]:
                used = self._api.stats(self.id, stream=False, one_shot=True)
        memory = used.get("memory_stats") or {}
        cpu = ((used.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0)
        return ContainerState(
            running=bool(state["Running"]),
            exit_code=None if state["Running"] else int(state["ExitCode"]),
            oom_killed=bool(state["OOMKilled"]),
            cpu_seconds=cpu / 1e9,
            memory_peak_bytes=int(memory.get("max_usage") or memory.get("usage") or 0),
        )

    def disk_exceeded(self) -> bool:
        """Whether it wrote more than its limit, as far as the guard looked."""
        return self._guard is not None and self._guard.exceeded()


class _Watch:
    """Looks after a running command between reads: its disk use, and whether it has ended."""

    def __init__(self, container: Container, exec_id: str) -> None:
        self._container, self._exec = container, exec_id
        self._asked = time.monotonic()
        self._gone = 0
        self.disk_exceeded = False
        self.exited = False

    def __call__(self) -> bool:
        self.disk_exceeded = self._container.disk_exceeded()
        now = time.monotonic()
        if not self.disk_exceeded and now - self._asked > IDLE_INSPECT:
            # Background children may hold the output open for ever after the command itself ended.
            self._asked = now
            self._gone += not self._container._api.exec_inspect(self._exec)["Running"]
            self.exited = self._gone > 1
        return self.disk_exceeded or self.exited
