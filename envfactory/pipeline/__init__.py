"""Runs the stages over many pull requests: incremental, resumable, the only writer of the store."""

from envfactory.pipeline.agenda import Plan, selected
from envfactory.pipeline.progress import Progress, Silent
from envfactory.pipeline.run import Summary, discover, process
from envfactory.pipeline.stages import Inputs, StageTable

__all__ = [
    "Inputs",
    "Plan",
    "Progress",
    "Silent",
    "StageTable",
    "Summary",
    "discover",
    "process",
    "selected",
]
