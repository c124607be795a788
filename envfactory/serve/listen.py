"""Runs the service on a socket until a signal ends it; episodes end with it.

Never listens anywhere else than told.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from envfactory.errors import PrerequisiteError
from envfactory.trainer import EnvironmentPool

Ready = Callable[[str], None]

GRACE = 5
"""Seconds that running requests get at the end before they are cancelled."""


class Server(uvicorn.Server):
    """Ends the episodes before it waits for requests, so that commands which still run get an answer."""

    def __init__(self, config: uvicorn.Config, pool: EnvironmentPool) -> None:
        super().__init__(config)
        self._pool = pool

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what runs, then the connections."""
        await asyncio.to_thread(self._pool.close)
        await super().shutdown(sockets)


def listen(app: FastAPI, pool: EnvironmentPool, address: tuple[str, int], ready: Ready) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the address first.  Port 0 is any free one."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise PrerequisiteError(f"cannot listen on {host} port {port}: {error}") from error
    with bound:
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE, lifespan="on"
        )
        ready(f"http://{shown}:{bound.getsockname()[1]}")
        Server(config, pool).run(sockets=[bound])
