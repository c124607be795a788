"""A task as far as trying out its tests needs it: the gold patch, and the files that it changes.

Made from a bundle by ``verify`` and from a candidate by the extractor.  Pure data.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from envfactory.languages.changed_source import ChangedSource
from envfactory.languages.protocol import Language
from envfactory.oracle.gold import FilePart, applied, parts_of
from envfactory.records import RewardSpec


@dataclass(frozen=True)
class Question:
    """How good are the tests of this task?"""

    language: str
    gold_patch: str
    spec: RewardSpec
    base: Mapping[str, bytes]
    """Contents at base of the files that the gold patch changes."""
    toolchain: str = ""

    @cached_property
    def rules(self) -> Language:
        """What the task's language knows."""
        from envfactory.languages import LANGUAGES

        return LANGUAGES[self.language]

    @cached_property
    def parts(self) -> tuple[FilePart, ...]:
        """The gold patch, file by file."""
        return parts_of(self.gold_patch)

    @cached_property
    def before(self) -> Mapping[str, str]:
        """Base texts of those files that are UTF-8."""
        found = {}
        for path, content in self.base.items():
            try:
                found[path] = content.decode("utf-8")
            except UnicodeDecodeError:
                continue
        return found

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """Texts of the hidden files."""
        return tuple(
            base64.b64decode(file.content).decode("utf-8", "replace")
            for file in self.spec.hidden_files
            if file.content is not None and file.mode != "120000"
        )

    @cached_property
    def sources(self) -> tuple[ChangedSource, ...]:
        """The program files that the gold patch changes, as it leaves them."""
        known = (self.changed(part) for part in self.parts if self.rules.is_program(part.path))
        return tuple(source for source in known if source is not None)

    def changed(self, part: FilePart, without: Collection[int] = ()) -> ChangedSource | None:
        """A file after some of its hunks; ``None`` when its base text is not known."""
        if not part.hunks or (part.path not in self.before and not part.is_new):
            return None
        made = applied(part, self.before.get(part.path), without)
        if made is None:
            return None
        text, hunks = made
        return ChangedSource(part.path, text, hunks, self.toolchain, self.tests)
