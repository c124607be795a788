"""The folder of patches that a judge is given, ``KIND/INSTANCE_ID.patch``, and the lines it answers with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    instance_id: str
    kind: str
    patch: str

    def told(self, resolved: bool | None, detail: str = "", overhead: float | None = None) -> None:
        """One verdict as a line; ``None`` where there is none.  ``overhead``: seconds beside the test run."""
        line = {"instance_id": self.instance_id, "kind": self.kind, "resolved": resolved, "detail": detail}
        print(json.dumps({**line, "overhead": overhead}), flush=True)


def cases(folder: str) -> Iterator[Case]:
    """All of them, by kind and instance."""
    for path in sorted(Path(folder).glob("*/*.patch")):
        yield Case(path.stem, path.parent.name, path.read_bytes().decode())
