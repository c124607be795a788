"""Dated package indexes: what pip, uv and the like would have seen at a moment in the past.

:class:`TimeMachine` serves them to containers; upstream and its credentials stay on the host.
"""

from envfactory.timemachine.facts import File, LedgerEntry, Release
from envfactory.timemachine.machine import TimeMachine, client_environment

__all__ = ["File", "LedgerEntry", "Release", "TimeMachine", "client_environment"]
