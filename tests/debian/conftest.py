from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.debian.archive import Archive, serving


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as served:
        yield served
