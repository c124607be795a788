from __future__ import annotations

from collections.abc import Callable

import pytest

from envfactory.engine import Container, Engine
from envfactory.records import Limits

SMALL = Limits(cpus=1, memory_mb=128, pids=64, disk_mb=64)


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """An image with a shell and coreutils."""
    from envfactory.builder.bases import ensure_base
    from envfactory.workspace import user_cache

    return ensure_base(engine, user_cache()).tags[0]


@pytest.fixture
def small(engine: Engine, base: str) -> Callable[[], Container]:
    """Makes containers with limits that are reached within seconds."""
    return lambda: engine.container(base, limits=SMALL, workdir="/tmp", name_hint="engine-test")
