"""Locks as the index showed them at the date, and the alarm for a runner that is not of its time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envfactory.errors import BuildError
from envfactory.languages.python_rules.install import dependency_steps, develop, editable, path_only
from envfactory.languages.python_rules.lock import lock, render
from envfactory.languages.python_rules.runner_age import stale_runner
from tests.languages.trees import MemoryIndex

CUTOFF = datetime(2021, 6, 1, tzinfo=UTC)
INDEX = MemoryIndex(
    {
        "six": {"1.15.0": "2020-05-21", "1.17.0": "2024-12-04"},
        "atomicwrites": {"1.4.1": "2022-07-08"},
        "pytest": {
            "3.6.0": "2018-05-24",
            "6.0.1": "2020-07-30",
            "6.2.4": "2021-05-04",
            "7.0.0rc1": "2021-05-20",
        },
    }
)


def test_lock_holds_hashes_and_dates() -> None:
    found = lock(INDEX, {"six": "1.15"}, CUTOFF, "runtime")  # type: ignore[arg-type]
    assert found[0].upload_time == datetime(2020, 5, 21, tzinfo=UTC)
    assert render(found) == f"six==1.15 \\\n    --hash=sha256:{b'six1.15.0'.hex()}\n"
    assert render(()) == ""


def test_a_file_newer_than_the_date_is_locked_when_the_index_served_it() -> None:
    found = lock(INDEX, {"atomicwrites": "1.4.1"}, CUTOFF, "runtime")  # type: ignore[arg-type]
    assert found[0].version == "1.4.1"


def test_a_pin_that_the_index_does_not_have_is_an_error() -> None:
    with pytest.raises(BuildError) as error:
        lock(INDEX, {"six": "9"}, CUTOFF, "runtime")  # type: ignore[arg-type]
    assert error.value.cause == "lock_incomplete"


@pytest.mark.parametrize(("version", "floor"), [("3.6.0", "6.0.1"), ("6.0.1", ""), ("6.2.4", "")])
def test_stale_runner(version: str, floor: str) -> None:
    assert stale_runner(INDEX, {"pytest": version}, CUTOFF) == floor  # type: ignore[arg-type]


def test_a_runner_from_elsewhere_raises_no_alarm() -> None:
    assert stale_runner(INDEX, {}, CUTOFF) == ""  # type: ignore[arg-type]
    assert stale_runner(INDEX, {"pytest": "0.1"}, CUTOFF) == ""  # type: ignore[arg-type]


def test_install_steps_use_no_network_and_hide_no_failure() -> None:
    steps = (
        *dependency_steps("/opt/python/3.8/bin/python3.8"),
        editable("."),
        develop("sub"),
        path_only("."),
    )
    assert "--offline" in editable(".")
    assert "cd /testbed/sub" in develop("sub")
    assert not any("||" in step for step in steps)
