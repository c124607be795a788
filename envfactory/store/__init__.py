"""The workspace's memory: the only room that writes SQL but for the index of Debian's files."""

from envfactory.store.recipes import Recipes
from envfactory.store.store import Attempt, Entry, Store

__all__ = ["Attempt", "Entry", "Recipes", "Store"]
