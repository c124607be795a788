"""Pull requests and patches by hand, for what is written about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from envfactory.records import PullRequest

WHEN = datetime(2024, 3, 5, 12, tzinfo=UTC)


def pull(**fields: Any) -> PullRequest:
    base: dict[str, Any] = {
        "repo": "o/n",
        "number": 7,
        "title": "Use the divisor",
        "base_commit": "b" * 40,
        "head_commit": "abcdef1234" * 4,
        "merge_kind": "squash",
        "created_at": WHEN,
        "merged_at": WHEN,
        "source": "github",
    }
    return PullRequest.model_validate(base | fields)


def patch(path: str, added: list[str], kept: tuple[str, ...] = ()) -> str:
    """A patch that adds lines after some that stay."""
    sizes = f"@@ -1,{len(kept)} +1,{len(kept) + len(added)} @@"
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{sizes}\n"
    return head + "".join(f" {line}\n" for line in kept) + "".join(f"+{line}\n" for line in added)
