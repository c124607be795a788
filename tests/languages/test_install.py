"""Commands and variables of an environment."""

from __future__ import annotations

from envfactory.languages.python_rules.install import as_installed


def test_only_meson_python_is_told_not_to_build_at_import() -> None:
    assert as_installed("mesonpy", "sub", "3.13") == {"MESONPY_EDITABLE_SKIP": "/testbed/sub/build/cp313"}
    assert as_installed("mesonpy", ".", "3.9") == {"MESONPY_EDITABLE_SKIP": "/testbed/build/cp39"}
    assert as_installed("setuptools.build_meta", ".", "3.9") == {}
