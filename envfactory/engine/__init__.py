"""The Docker engine: the only room that imports its SDK or runs its command line.

``connect()`` gives an :class:`Engine`, which gives images and containers.
"""

from envfactory.engine.client import Engine, connect
from envfactory.engine.container import Container
from envfactory.engine.facts import ContainerState, EngineInfo, ExecResult, ImageInfo, OwnedContainer

__all__ = [
    "Container",
    "ContainerState",
    "Engine",
    "EngineInfo",
    "ExecResult",
    "ImageInfo",
    "OwnedContainer",
    "connect",
]
