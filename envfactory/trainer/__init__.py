"""The side that trainers see: datasets of tasks, episodes in containers, rewards.

Reads a bundle directory and nothing else of the factory's state.
"""

from __future__ import annotations

from envfactory.trainer.asynchronous import AsyncEnvironment
from envfactory.trainer.dataset import Dataset
from envfactory.trainer.environment import Environment
from envfactory.trainer.pool import EnvironmentPool
from envfactory.trainer.snapshot import Snapshot
from envfactory.trainer.stop import Stop
from envfactory.trainer.task import Task, grade_patch

__all__ = [
    "AsyncEnvironment",
    "Dataset",
    "Environment",
    "EnvironmentPool",
    "Snapshot",
    "Stop",
    "Task",
    "grade_patch",
]
