"""Debian's own index of files and packages: which package brings a header, a library or a command.

    apt of the base image ─▶ sources ─▶ mirror ─▶ contents, packages ─▶ index ─▶ choice ─▶ lookup

:func:`image_lookup` is the way in.  Installs nothing, and downloads nothing before the first question.
"""

from envfactory.debian.lookup import PackageLookup, image_lookup

__all__ = ["PackageLookup", "image_lookup"]
