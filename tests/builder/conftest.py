"""The builder's tests need only a template's name of the language; its rules have tests of their own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def _language(monkeypatch: pytest.MonkeyPatch) -> None:
    import envfactory.languages

    stub = {"python": SimpleNamespace(DOCKERFILE="python.Dockerfile.j2")}
    monkeypatch.setattr(envfactory.languages, "LANGUAGES", stub, raising=False)
