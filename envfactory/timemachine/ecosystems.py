"""The package indexes that the time machine knows, one module each.

The table is the only place that lists them; nothing else depends on which there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from envfactory.timemachine.apt import Apt
from envfactory.timemachine.npm import NPM
from envfactory.timemachine.protocol import Ecosystem
from envfactory.timemachine.pypi import PyPI
from envfactory.timemachine.stock import Stock

ECOSYSTEMS: Mapping[str, Callable[[Stock], Ecosystem]] = {
    PyPI.NAME: PyPI,
    NPM.NAME: NPM,
    Apt.NAME: Apt,
}
