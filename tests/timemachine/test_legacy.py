"""Old requirements in a form that today's tools read, and nothing else changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from envfactory.timemachine.legacy import readable


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("pytz (>=2011k)", "pytz"),
        ("python-dateutil (>=2.5.0)", "python-dateutil (>=2.5.0)"),
        ("numpy (>=1.9.0,>=2011k)", "numpy>=1.9.0"),
        ("six (>=1.*,)", "six"),
        ("thing[all] (>=x) ; extra == 'test'", "thing[all]; extra == 'test'"),
        ("requests", "requests"),
        ("a @ https://example.invalid/a.whl", "a @ https://example.invalid/a.whl"),
    ],
)
def test_bounds_that_are_no_versions_are_left_out(asked: str, served: str) -> None:
    text = f"Metadata-Version: 2.0\nName: x\nRequires-Dist: {asked}\n\nRequires-Dist: {asked}\n"
    found = readable(text.encode()).decode().splitlines()[2].removeprefix("Requires-Dist: ")
    assert found.replace(" ;", ";") == served
    assert readable(text.encode()).decode().endswith(f"\n\nRequires-Dist: {asked}\n")


@given(st.text(alphabet="abc019.<>=!~*,;[]() '-", max_size=40))
def test_what_parses_stays_and_what_is_mended_parses(text: str) -> None:
    before = f"Name: x\nRequires-Dist: {text}\n\n".encode()
    after = readable(before)
    if after != before:
        Requirement(after.decode().splitlines()[1].removeprefix("Requires-Dist: "))
