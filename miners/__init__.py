"""The built-in miners, by name.  Others are added through the entry-point group ``envfactory.miners``."""

from __future__ import annotations

from envfactory.miners import history

from envfactory.mining.protocol import Miner

MINERS: dict[str, Miner] = {history.NAME: history}
