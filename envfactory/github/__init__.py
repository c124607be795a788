"""The only room that talks to GitHub: tokens, limits, cache, GraphQL and REST, and the clones' address.

What it hands out are rows (pull requests in GitHub's words) and clones on disk.  It makes no patches and
decides nothing about being a task.
"""

from envfactory.github.addresses import Addresses
from envfactory.github.code import open_mirror
from envfactory.github.hub import Hub
from envfactory.github.listing import Repository
from envfactory.github.rows import Facts, Row

__all__ = ["Addresses", "Facts", "Hub", "Repository", "Row", "open_mirror"]
