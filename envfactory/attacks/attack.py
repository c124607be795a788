"""What an attack is, and what it may know of a task.

An attack knows more than any agent: the hidden tests' ids, the reward spec, the whole gold patch.  Who
gains nothing with that gains nothing with less.  Pure data; no attack reads or runs anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from envfactory.records import RewardSpec


@dataclass(frozen=True)
class Target:
    """A task as far as an attack needs it."""

    instance_id: str
    language: str
    reward_spec: RewardSpec
    gold_patch: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Contents at base of files worth changing: what the gold patch touches, tests, configuration."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Program files that the gold patch changes, so that the tests are sure to load them."""
        return tuple(sorted(path for path in self.files if f"a/{path} b/{path}\n" in self.gold_patch))

    @property
    def required(self) -> tuple[str, ...]:
        """Ids of all tests that a resolving patch must pass."""
        return (*self.reward_spec.fail_to_pass, *self.reward_spec.pass_to_pass)


Make = Callable[[Target], str | None]


@dataclass(frozen=True)
class Attack:
    """One way to a reward without a fix."""

    name: str
    tries: str
    """What it does, in a line."""
    defence: str
    """What should stop it, or notice it."""
    make: Make
    languages: tuple[str, ...] = ()
    """Those that it works on; empty: all."""


def digest(patch: str) -> str:
    """Identity of what was tried: sha256 of the patch."""
    return hashlib.sha256(patch.encode("utf-8", "surrogateescape")).hexdigest()
