"""Notes whether a try was spared work: for the evidence, never for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.languages.declaration import Resolution

if TYPE_CHECKING:
    from envfactory.builder.site import Recipes


class NotedRecipes:
    """The site's recipes for one climb, which remember whether they knew the answer."""

    def __init__(self, recipes: Recipes) -> None:
        self._recipes = recipes
        self.knew = False
        """The last look-up found something; set it to false before a try."""

    def get(self, key: str) -> Resolution | None:
        """The resolution stored under ``key``."""
        found = self._recipes.get(key)
        self.knew = found is not None
        return found

    def put(self, key: str, record: Resolution) -> None:
        """Keep it."""
        self._recipes.put(key, record)
