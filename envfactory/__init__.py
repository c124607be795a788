"""envfactory: merged pull requests in, RL tasks for software-engineering agents out.

Importing this package does nothing: no directory is made, no engine asked, no SDK loaded.  The names
below are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envfactory.records import Reward
    from envfactory.trainer import Dataset, Environment, EnvironmentPool, Task, grade_patch

__version__ = "0.1.0"

__all__ = ["Dataset", "Environment", "EnvironmentPool", "Reward", "Task", "__version__", "grade_patch"]

_HOMES = {
    "Dataset": "envfactory.trainer",
    "Environment": "envfactory.trainer",
    "EnvironmentPool": "envfactory.trainer",
    "Reward": "envfactory.records",
    "Task": "envfactory.trainer",
    "grade_patch": "envfactory.trainer",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'envfactory' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
