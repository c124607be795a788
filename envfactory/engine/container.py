"""One hardened container: made, used and always removed.

No network unless asked, no more memory, processes, processor or disk than its limits, no privilege
that tests do not need.  Never mounts anything of the host, never keeps a log.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, NotFound
from docker.types import LogConfig, Ulimit

from envfactory.engine import archive, owner, usage
from envfactory.engine.command import Call, run
from envfactory.engine.disk import DiskGuard
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
                    entrypoint=[""],  # none at all, so that what is committed has none either
                    command=["sleep", "infinity"],
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
            # Nobody answers there, so names fail within a second (libc's own patience is 20).
            dns=["127.0.0.1"],
            dns_opt=["timeout:1", "attempts:1"],
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
        stop: Callable[[], bool] | None = None,
    ) -> ExecResult:
        """Run ``argv``; at most ``timeout`` seconds and ``max_output`` bytes of each stream.

        ``stop``, asked twice a second, ends it early as the time-out does.  Of longer output the first
        and the last half are kept.  At the time-out everything that the command started is killed and
        ``exit_code`` is ``None``.  Raises :class:`TrialError` with cause ``disk_limit`` when the container
        wrote more than its limit, else per :mod:`.faults`.
        """
        call = Call(tuple(argv), dict(env or {}), cwd, user or "", stdin, timeout, max_output, stop)
        with engine_errors(f"cannot run {argv[0]} in {self.name}"):
            return run(self._api, self.id, call, self._guard)

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
        try:
            return self._stats()
        except TrialError as error:
            if error.cause != "container_gone":
                raise
            return self._stats()  # it ended between the questions: now it says so itself

    def _stats(self) -> ContainerState:
        with engine_errors(f"cannot ask about {self.name}"):
            state = self._api.inspect_container(self.id)["State"]
            if state["Dead"] or state["Status"] == "removing":  # only the engine's clients remove one
                raise TrialError(f"{self.name} is being removed", cause="container_gone", retryable=True)
            used: Mapping[str, Any] = {}
            memory = usage.Memory(0, 0)
            if state["Running"]:
                used = self._api.stats(self.id, stream=False, one_shot=True)
                memory = self._memory(int(state["Pid"]))
        cpu = ((used.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0)
        most = (used.get("memory_stats") or {}).get("max_usage") or memory.peak
        return ContainerState(
            running=bool(state["Running"]),
            exit_code=None if state["Running"] else int(state["ExitCode"]),
            oom_killed=bool(state["OOMKilled"]) or memory.kills > 0,
            cpu_seconds=cpu / 1e9,
            memory_peak_bytes=int(most),
        )

    def _memory(self, pid: int) -> usage.Memory:
        found = usage.read(pid) if self._root else None
        if found is None:
            shown = self.exec(["cat", *usage.INSIDE], timeout=10, cwd="/")
            found = usage.parse(shown.stdout)
        return found
