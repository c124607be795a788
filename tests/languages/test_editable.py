"""In which ways a project is installed in place, by date and interpreter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.languages.python_rules.editable import ways_for
from tests.languages.test_repairs import DECLARATION


@pytest.mark.parametrize(
    ("year", "version", "names"),
    [
        (2019, "3.7", ["setup.py develop"]),
        (2022, "3.10", ["setup.py develop", "setup.py develop, setuptools 57"]),
        (2024, "3.11", ["PEP 660", "setup.py develop", "setup.py develop, setuptools 57"]),
        (2024, "3.12", ["PEP 660", "setup.py develop"]),
        (2026, "3.14", ["PEP 660", "setup.py develop"]),
    ],
)
def test_old_setuptools_are_not_tried_where_they_cannot_run(
    year: int, version: str, names: list[str]
) -> None:
    found = ways_for(DECLARATION, datetime(year, 1, 1, tzinfo=UTC), version, {})
    assert [way.name for way in found] == names


def test_other_back_ends_have_one_way() -> None:
    hatch = DECLARATION.model_copy(update={"build_backend": "hatchling.build"})
    assert [way.name for way in ways_for(hatch, datetime(2026, 1, 1, tzinfo=UTC), "3.12", {})] == ["PEP 660"]
