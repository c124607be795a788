"""Builds a task's image: base system, interpreter, locked dependencies, source, and the proof that tests run.

``build`` is the stage; ``ladder`` tries, ``image`` builds, ``bases`` and ``interpreters`` make what
the images share, ``rebuild`` repeats a build from a bundle.  Nothing here mines, grades or exports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envfactory.builder.built import Built
    from envfactory.builder.stage import build

__all__ = ["Built", "build"]

_HOMES = {"Built": "envfactory.builder.ladder", "build": "envfactory.builder.stage"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
