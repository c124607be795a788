"""The built-in miners, by name.  Others are added through the entry-point group ``envfactory.miners``."""

from __future__ import annotations

from envfactory.miners import gharchive, github, history

from envfactory.mining.protocol import Miner

MINERS: dict[str, Miner] = {history.NAME: history, gharchive.NAME: gharchive, github.NAME: github}
"""In the order in which they are asked whether they recognise a SOURCE."""
