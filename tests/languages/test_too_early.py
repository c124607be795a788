"""When a date that neighbours share is given up before anything is built."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.languages import python
from envfactory.languages.declaration import Declaration, Resolution
from tests.languages.trees import MemoryIndex

CUTOFF, LATER = datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 2, 15, tzinfo=UTC)
INDEX = MemoryIndex(
    {
        "core-part": {"1.0": "2020-01-01", "2.0": "2021-02-01"},
        "linter": {"3.0": "2020-01-01", "3.1": "2021-02-02"},
        "pyyaml": {"5.0": "2021-01-20"},
        "old": {"1.0": "2019-01-01"},
        "newest": {"1.0": "2020-01-01", "2.0": "2021-06-01"},
    }
)
DECLARED = Declaration(
    language="python",
    name="mine",
    interpreters=("3.9",),
    metadata={"": ("core_part==2.*", "old>=9", "newest>=2")},
    test_imports=("yaml",),
)


@pytest.mark.parametrize(
    ("dropped", "expected"),
    [
        (("Core.Part ==2.*",), ("core-part",)),
        (("PyYAML>=5",), ("pyyaml",)),
        (("linter==3.1",), ()),
        (("old>=9",), ()),
        (("newest>=2",), ()),
        (("http2",), ()),
        ((), ()),
    ],
)
def test_only_what_is_needed_and_released_in_between(
    dropped: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    resolution = Resolution(
        dependencies=(), lock_files={}, install_steps=(), rebuild_steps=(), dropped=dropped
    )
    assert python.too_early(DECLARED, resolution, INDEX, CUTOFF, LATER) == expected  # type: ignore[arg-type]
