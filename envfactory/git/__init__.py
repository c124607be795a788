"""The only room that runs git: reading clones, folding submodules, writing patches and bundles.

It never writes into a clone that a user gave: see ``view``.
"""

from __future__ import annotations

from envfactory.git.clone import Clone
from envfactory.git.records import Change, FoldedTree
from envfactory.git.tree import Tree

__all__ = ["Change", "Clone", "FoldedTree", "Tree"]
