"""The error of a trial that is the patch's own doing."""

from __future__ import annotations

from envfactory.errors import StageError


class PatchError(StageError):
    """The patch is to blame: it does not apply, or what it changes cannot be built.

    Causes: ``patch_does_not_apply``, ``rebuild_failed``.  A grade of 0, never a fault.
    """
