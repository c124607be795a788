"""Dated package indexes: what pip, npm and the like would have seen at a moment in the past.

:class:`TimeMachine` serves them to containers; upstream and its credentials stay on the host.
"""

from envfactory.timemachine.facts import File, LedgerEntry, Release
from envfactory.timemachine.machine import TimeMachine, client_environment
from envfactory.timemachine.protocol import ClientSetup

__all__ = ["ClientSetup", "File", "LedgerEntry", "Release", "TimeMachine", "client_environment"]
