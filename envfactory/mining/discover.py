"""Finds miners: ours and those that installed packages add; a broken one is named, never fatal.

An entry point of the group ``envfactory.miners`` is either one miner (named by the entry point) or a
mapping of names to miners.  Nothing is imported before somebody asks.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from envfactory.errors import UsageError
from envfactory.mining.protocol import Miner

GROUP = "envfactory.miners"
_NAMES = ("NAME", "recognises", "mine")


def miners() -> dict[str, Miner]:
    """All miners by name, ours first; on equal names the first one wins."""
    found: dict[str, Miner] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name != "builtin", entry.name)):
        try:
            loaded: Any = entry.load()
        except Exception as error:
            warnings.warn(f"miner {entry.name!r} ({entry.value}) cannot be loaded: {error}", stacklevel=2)
            continue
        offered = loaded if isinstance(loaded, Mapping) else {entry.name: loaded}
        for name, miner in offered.items():
            lacking = [part for part in _NAMES if not hasattr(miner, part)]
            if lacking:
                warnings.warn(f"miner {name!r} ({entry.value}) lacks {', '.join(lacking)}", stacklevel=2)
            else:
                found.setdefault(str(name), miner)
    return found


def miner_for(source: str) -> Miner:
    """The first miner that recognises ``source``; ``UsageError`` when none does."""
    known = miners()
    for miner in known.values():
        if miner.recognises(source):
            return miner
    hint = f"give owner/name or the path of a clone (miners here: {', '.join(known) or 'none'})"
    raise UsageError(f"no miner can read {source!r}", hint=hint)
