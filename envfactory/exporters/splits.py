"""Which split a repository belongs to: decided by its name alone, so that none is ever in two.

The same repository is in the same split of every data set, whenever it is written: tasks that are added
later never move others.  Nothing here looks at a task.
"""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
TRAIN_BELOW, VALIDATION_BELOW = 80, 90
"""Of a hundred: four fifths train, a tenth each validation and test; in repositories, not in tasks."""


def split_of(repo: str) -> Split:
    """The split of ``owner/name``, whatever its capitals: hosts do not tell them apart."""
    share = int.from_bytes(hashlib.sha256(repo.lower().encode()).digest()[:8], "big") % 100
    if share < TRAIN_BELOW:
        return "train"
    return "validation" if share < VALIDATION_BELOW else "test"
