"""The side that trainers see: datasets of tasks, episodes in containers, rewards.

Reads a bundle directory and nothing else of the factory's state.
"""

from __future__ import annotations

from envfactory.trainer.dataset import Dataset
from envfactory.trainer.environment import Environment
from envfactory.trainer.task import Task, grade_patch

__all__ = ["Dataset", "Environment", "Task", "grade_patch"]
