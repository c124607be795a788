"""The languages that the factory knows, each a module that satisfies ``Language``.

To add one: write the module and name it in ``LANGUAGES``.  Nothing else of the factory knows a
language by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envfactory.languages import python
from envfactory.languages.protocol import Collector, FileKind, Language

if TYPE_CHECKING:
    from envfactory.git.tree import Tree

LANGUAGES: dict[str, Language] = {"python": python}

__all__ = ["LANGUAGES", "Collector", "FileKind", "Language", "detect"]


def detect(tree: Tree) -> str | None:
    """Name of the first language that recognises the tree."""
    return next((name for name, language in LANGUAGES.items() if language.detect(tree) is not None), None)
