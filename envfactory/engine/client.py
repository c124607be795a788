"""The Docker engine as the other rooms see it: images, builds, containers, disk, sweeping.

The only way to Docker in the product.  Never touches an image or container without our label unless
it was named.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import docker
import requests
from docker.errors import DockerException

from envfactory.engine import images, network, sweep, wire
from envfactory.engine.build import BuildRequest, run_build
from envfactory.engine.cli import find_builder
from envfactory.engine.container import Container
from envfactory.engine.disk import free_or_unknown
from envfactory.engine.facts import EngineInfo, ImageInfo, OwnedContainer
from envfactory.engine.faults import DOCTOR, engine_errors
from envfactory.engine.uses import Uses
from envfactory.errors import BuildError, PrerequisiteError
from envfactory.records import Limits

DEFAULT_HOST = "unix:///var/run/docker.sock"
CONNECT_SECONDS = 30
API_SECONDS = 120
"""Longest silence of the engine inside one call; removing a big container takes it a while."""
OLDEST_API = (1, 41)
"""Engine 20.10."""


def connect() -> Engine:
    """The engine that ``DOCKER_HOST`` names, else the local one, else the user's rootless one."""
    host = _host()
    try:
        _knock(host)
        environment = {**os.environ, "DOCKER_HOST": host}
        api = docker.from_env(timeout=CONNECT_SECONDS, max_pool_size=32, environment=environment).api
        found = api.version()
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise PrerequisiteError(
            f"no Docker engine answers at {host}: {error}",
            hint=f"start Docker or set DOCKER_HOST, then: {DOCTOR}",
        ) from error
    version = str(found.get("ApiVersion", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_API:
        raise PrerequisiteError(
            f"the Docker engine at {host} is {found.get('Version')}; 20.10 or newer is needed",
            hint="upgrade Docker",
        )
    api.timeout = API_SECONDS
    if host.startswith("unix:"):  # requests would read the whole environment for a proxy at every call
        api.trust_env = False
    return Engine(api, host)


def _knock(host: str) -> None:
    """Raise ``OSError`` where nobody listens; the SDK leaks a socket when it finds that out itself."""
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_SECONDS)
            probe.connect(path)


def _host() -> str:
    given = os.environ.get("DOCKER_HOST")
    rootless = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "docker.sock"
    if given or Path(DEFAULT_HOST.removeprefix("unix://")).exists() or not rootless.exists():
        return given or DEFAULT_HOST
    return f"unix://{rootless}"


class Engine:
    """One connection, usable by several threads."""

    def __init__(self, api: docker.APIClient, host: str) -> None:
        self._api = api
        self.host = host
        with engine_errors("cannot ask the Docker engine about itself", BuildError):
            self._info = api.info()
        self._owned: dict[str, ImageInfo] = {}
        self.uses: Uses | None = None
        """Where work says which images it needs; ``None``: nowhere."""
        # Paths of another machine's disk mean nothing here.
        self._root = str(self._info.get("DockerRootDir") or "") if host.startswith("unix:") else ""

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def describe(self) -> EngineInfo:
        """What answers, and which builder works with it."""
        builder = find_builder()
        return EngineInfo(
            version=str(self._info.get("ServerVersion", "")),
            api=wire.api_version(self._api),
            storage_driver=str(self._info.get("Driver", "")),
            builder=builder.name if builder else "",
            arch=str(self._info.get("Architecture", "")),
            root=self._root,
            disk_free=self.disk_free(),
        )

    def disk_free(self) -> int:
        """Bytes free for layers; ``sys.maxsize`` when the engine is on another machine."""
        return free_or_unknown(self._root)

    def gateway(self, net: Literal["build", "index"] = "build") -> str:
        """This machine's address as build steps (or containers of the index network) see it."""
        if net == "index":
            network.ensure_index_network(self._api)
        return network.gateway(self._api, network.INDEX_NETWORK if net == "index" else network.BRIDGE)

    # -- images --------------------------------------------------------------------------------

    def image(self, tag_or_id: str) -> ImageInfo | None:
        """The image of that name, or ``None``."""
        self._note(tag_or_id)
        return images.find(self._api, tag_or_id)

    def pull(self, tag: str, timeout: float) -> bool:
        """Fetch an image; ``False`` (remembered) when no registry has it in time."""
        return images.pull(self._api, tag, timeout)

    def import_tar(
        self, tar: Path, tag: str, *, labels: Mapping[str, str] | None = None, changes: Sequence[str] = ()
    ) -> ImageInfo:
        """A one-layer image from a root file system; ``changes`` are Dockerfile lines such as ``ENV``."""
        images.import_tar(self._api, tar, tag, labels or {}, changes)
        return self._made(tag)

    def commit(
        self, container: Container, tag: str, *, labels: Mapping[str, str], changes: Sequence[str] = ()
    ) -> ImageInfo:
        """An image of what ``container`` has become; ``changes`` are Dockerfile lines such as ``ENV``."""
        images.commit(self._api, container.id, tag, labels, changes)
        return self._made(tag)

    def build(
        self,
        context: Path,
        tag: str,
        *,
        log: Path,
        timeout: float,
        dockerfile: str = "Dockerfile",
        build_args: Mapping[str, str] | None = None,
        secrets: Mapping[str, bytes] | None = None,
        labels: Mapping[str, str] | None = None,
        network: Literal["default", "none"] = "default",
    ) -> ImageInfo:
        """Build with BuildKit; steps read ``secrets`` with ``RUN --mount=type=secret,id=NAME``.

        Raises :class:`BuildError` with cause ``build_step_failed``, ``build_timeout``, or, retryable,
        ``disk_full`` and ``engine_unreachable``; ``log`` of the error is the end of the output.
        """
        request = BuildRequest(
            context, tag, log, timeout, dockerfile, build_args or {}, secrets or {}, labels or {}, network
        )
        run_build(request, host=self.host, root=self._root)
        return self._made(tag)

    def _made(self, tag: str) -> ImageInfo:
        found = self.image(tag)
        if found is None:
            raise BuildError(
                f"{tag}: made, but the engine does not have it", cause="image_vanished", retryable=True
            )
        return found

    def remove_image(self, id_or_tag: str, force: bool = False) -> bool:
        """Remove one image by name; ``False`` when there was none."""
        return images.remove(self._api, id_or_tag, force)

    def _note(self, image: str) -> None:
        if self.uses is not None:
            self.uses.note(image)

    def build_cache_bytes(self) -> int:
        """What BuildKit's cache takes beside images; the engine does not tell whose it is."""
        return images.build_cache_bytes(self._api)

    def owned_images(self) -> list[ImageInfo]:
        """All images with our label."""
        return images.owned(self._api, self._owned)

    # -- containers ----------------------------------------------------------------------------

    def container(
        self,
        image: str,
        *,
        limits: Limits,
        network: Literal["none", "index"] = "none",
        env: Mapping[str, str] | None = None,
        workdir: str = "/testbed",
        name_hint: str = "",
    ) -> Container:
        """A container that starts when entered (``with``) and is removed when left."""
        self._note(image)
        settings = {"env": env or {}, "workdir": workdir, "name_hint": name_hint}
        return Container(
            self._api, image, limits, network=self._network(network), settings=settings, root=self._root
        )

    def _network(self, name: str) -> str:
        if name == "none":
            return "none"
        network.ensure_index_network(self._api)
        return network.INDEX_NETWORK

    def owned_containers(self) -> list[OwnedContainer]:
        """All containers with our label, whoever made them."""
        return sweep.owned_containers(self._api)

    def sweep(self, *, older_than: float = sweep.FOREIGN_SECONDS) -> int:
        """Remove containers of ours whose process is dead; returns how many.

        Of a process that cannot be seen from here (another machine on the same engine, another
        process namespace) only those older than ``older_than`` seconds.
        """
        return sweep.sweep(self._api, older_than)

    def sweep_own(self) -> int:
        """Remove every container that this process made, running or not; returns how many."""
        return sweep.sweep_own(self._api)
