"""What one run of a task's tests needs to know.

Pure data; ``envfactory.trials.run`` carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from envfactory.errors import StageError
from envfactory.languages.protocol import Collector
from envfactory.records import HiddenFile, Limits

Splice = Callable[[str, bytes | None, bytes], bytes]
"""(path, what the patch made of it or ``None``, content in the gold run) -> content for this run."""


class PatchError(StageError):
    """The patch is to blame: it does not apply, or what it changes cannot be built.

    Causes: ``patch_does_not_apply``, ``rebuild_failed``.  A grade of 0, never a fault.
    """


@dataclass(frozen=True)
class TrialPlan:
    """One run of some test modules in a fresh container of ``image``."""

    image: str
    test_command: tuple[str, ...]
    test_modules: tuple[str, ...]
    hidden_files: tuple[HiddenFile, ...] = ()
    patch: str = ""
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=dict)
    rebuild_steps: tuple[str, ...] = ()
    """Shell commands repeated, offline, after the patch."""
    protected: tuple[str, ...] = ()
    """Changes of ``patch`` to paths that match are not applied; see ``envfactory.trials.protection``."""
    language: str = "python"
    canaries: tuple[str, ...] = ()
    """Kinds of canary test to run along, e.g. ``function``; see ``envfactory.trials.canary``."""
    shared: Mapping[str, bytes] = field(default_factory=dict)
    """Files that a patch may change in part; ``splice`` says what they become."""
    splice: Splice | None = None
    collector: Collector | None = None
    """``None``: the one of ``language``."""
