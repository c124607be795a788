"""The one commit that ``/testbed`` of a task's image starts from.

It is made from the base tree alone, so it differs from upstream's base commit; scripts that reset or
diff inside the image need this one.  Nothing here runs git.
"""

from __future__ import annotations

import re

from envfactory.errors import ExportError
from envfactory.exporters.protocol import ExportContext
from envfactory.records import Task

_REFERENCE = re.compile(rb"([0-9a-f]{40,64}) (\S+)")


def root_commit(task: Task, context: ExportContext) -> str:
    """From the git-integrity report of the image, else from the header of the source bundle."""
    head = task.environment.image.integrity.get("head")
    if isinstance(head, str) and head:
        return head
    if context.source is not None:
        with context.source(task).open("rb") as bundle:
            return _head(bundle.read(1 << 16))
    raise ExportError(f"{task.instance_id}: the commit in its image is unknown", cause="root_commit_unknown")


def _head(header: bytes) -> str:
    """First reference of a git bundle, format v2 or v3 (gitformat-bundle): ``<id> <name>`` lines."""
    for line in header.split(b"\n\n", 1)[0].split(b"\n"):
        if found := _REFERENCE.fullmatch(line):
            return found[1].decode("ascii")
    raise ExportError("the source bundle names no commit", cause="root_commit_unknown")
