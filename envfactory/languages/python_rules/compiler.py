"""One question to the resolver: can these requirements be met together, and by which versions?

``uv pip compile`` in the workshop; for metadata that uv refuses to read, a pip of the time (which was
more lenient) through the same index.  Which question to ask next is decided by ``resolver``.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from envfactory.languages.python_rules.install import TESTBED
from envfactory.languages.python_rules.names import normalise
from envfactory.languages.python_rules.releases import order
from envfactory.languages.python_rules.workshop import WORK, Workshop

PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
LENIENT_PIPS = (((3, 9), "pip<21"), ((3, 99), "pip<24.1"))
"""Newest interpreter -> the last pip that it runs and that reads metadata of old notation."""


@dataclass(frozen=True)
class Wanted:
    """What is to be resolved together."""

    project: str = ""
    """Manifest to take dependencies from, as a path of the container; empty for none."""
    extras: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    """Replace what other packages say about these."""

    def plus(self, *, extras: Sequence[str] = (), texts: Sequence[str] = ()) -> Wanted:
        """The same and more."""
        return replace(self, extras=(*self.extras, *extras), texts=(*self.texts, *texts))


@dataclass(frozen=True)
class Answer:
    """Pins by normalised name, or why there are none."""

    pins: dict[str, str] | None
    log: str = ""


@dataclass
class Compiler:
    """Asks and counts; ``environment`` is set for the project's own build."""

    shop: Workshop
    environment: dict[str, str]
    asked: int = 0

    def ask(self, wanted: Wanted, *, cutoff: datetime | None = None) -> Answer:
        """The newest versions as of the cut-off that satisfy all of ``wanted``."""
        self.asked += 1
        requirements = self.shop.put("wanted.in", "\n".join(wanted.texts) + "\n")
        words = [
            "uv pip compile --no-sources --no-header --no-annotate --no-strip-extras --color never",
            f"--python {shlex.quote(self.shop.python)}",
        ]
        if wanted.project:
            words += [
                shlex.quote(wanted.project),
                *(f"--extra {shlex.quote(name)}" for name in wanted.extras),
            ]
        words.append(requirements)
        if wanted.constraints:
            words.append("-c " + self.shop.put("constraints.txt", "\n".join(wanted.constraints) + "\n"))
        if wanted.overrides:
            words.append("--overrides " + self.shop.put("overrides.txt", "\n".join(wanted.overrides) + "\n"))
        result = self.shop.run(" ".join(words), env=self.environment, cutoff=cutoff)
        if result.exit_code != 0:
            return Answer(None, result.stderr[-12000:])
        return Answer(_pins(result.stdout), result.stderr[-4000:])

    def ask_pip(self, wanted: Wanted) -> Answer:
        """The same of an old pip, by installing into a scratch environment."""
        self.asked += 1
        minor = order(self.shop.request.toolchain.version)
        pip = next(text for bound, text in LENIENT_PIPS if minor <= bound)
        scratch = f"{WORK}/pip-env"
        made = self.shop.run(
            f"rm -rf {scratch} && "
            f"uv venv -q --no-project --python {shlex.quote(self.shop.python)} {scratch} && "
            f"uv pip install -q --python {scratch}/bin/python '{pip}' setuptools wheel"
        )
        if made.exit_code != 0:
            return Answer(None, made.stderr[-4000:])
        words = [shlex.quote(text) for text in wanted.texts]
        if wanted.project:
            extras = f"[{','.join(wanted.extras)}]" if wanted.extras else ""
            words.append(shlex.quote(f"{wanted.project.rpartition('/')[0] or TESTBED}{extras}"))
        result = self.shop.run(
            f"{scratch}/bin/python -m pip install -q {' '.join(words)}", env=self.environment
        )
        if result.exit_code != 0:
            return Answer(None, (result.stdout + result.stderr)[-8000:])
        listed = self.shop.run(f"{scratch}/bin/python -m pip list --format json 2>/dev/null")
        try:
            items = json.loads(listed.stdout)
        except ValueError:
            return Answer(None, listed.stdout[-2000:])
        pins = {normalise(item["name"]): item["version"] for item in items}
        return Answer({name: version for name, version in pins.items() if name not in {"pip", "wheel"}})


def _pins(text: str) -> dict[str, str]:
    matches = (PINNED.match(line) for line in text.splitlines())
    return {normalise(match.group(1)): match.group(2) for match in matches if match}
