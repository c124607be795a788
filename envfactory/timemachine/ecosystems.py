"""The package indexes that the time machine knows, one module each.

The table is the only place that lists them; nothing else depends on which there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from envfactory.timemachine.apt import Apt
from envfactory.timemachine.npm import NPM
from envfactory.timemachine.protocol import Ecosystem
from envfactory.timemachine.pypi import PyPI
from envfactory.timemachine.stock import Stock


class Kind(Protocol):
    """The class of an ecosystem."""

    def __call__(self, stock: Stock) -> Ecosystem:
        """Open it."""

    @staticmethod
    def environment(url: str) -> Mapping[str, str]:
        """What its clients are told; needs nothing opened."""


ECOSYSTEMS: Mapping[str, Kind] = {
    PyPI.NAME: PyPI,
    NPM.NAME: NPM,
    Apt.NAME: Apt,
}
