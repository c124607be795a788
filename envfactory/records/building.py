"""What the builder decides and makes: environment specs, images, and the ladder's attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from envfactory.records.core import SCHEMA_VERSION, Evidence, Record, canonical_json


class Toolchain(Record):
    """The interpreter or compiler, where it lives in the image and who provided it."""

    name: str
    version: str
    """``3.8`` as chosen; ``full_version`` as found."""
    full_version: str = ""
    executable: str
    provider: str
    image: str
    """Tag of the image that holds base system and toolchain."""


class LockedDependency(Record):
    """One distribution of the lock, with the hashes that an installer must see."""

    name: str
    version: str
    sha256: tuple[str, ...] = ()
    """Hashes of every file of this version that the resolver may pick."""
    upload_time: datetime | None = None
    role: Literal["runtime", "build"] = "runtime"


Rule = Literal["dated", "floor", "earliest", "wheel", "undated"]


class LedgerEntry(Record):
    """One file that was handed out."""

    ecosystem: str
    name: str
    version: str
    filename: str
    sha256: str
    """Of the bytes that went out."""
    upload_time: datetime | None
    cutoff: datetime
    token: str = ""
    rule: Rule = "dated"
    """``dated``, or why a file was served that is not known to be older than the cut-off: ``floor``,
    ``earliest`` and ``wheel`` (see ``dating``), ``undated`` where the upstream tells no date to believe."""


class Limits(Record):
    """What a container of a task may use."""

    MEASURED = frozenset({"test_seconds"})
    cpus: float = 2.0
    memory_mb: int = 4096
    pids: int = 512
    disk_mb: int = 4096
    output_bytes: int = 4 << 20
    test_seconds: float = 60.0
    """One test; shortened for a task whose tests are known to be quick."""
    run_seconds: float = 900.0
    """One whole run of the tests."""


class EnvironmentSpec(Record):
    """Everything that determines a task's image, each choice with its evidence."""

    MEASURED = frozenset({"ledger"})
    schema_version: int = SCHEMA_VERSION
    language: str
    platform: str = "linux/amd64"
    toolchain: Toolchain
    system_packages: tuple[str, ...] = ()
    dependencies: tuple[LockedDependency, ...] = ()
    lock_files: Mapping[str, str] = Field(default_factory=dict)
    """File name in the build context -> text, e.g. ``requirements.lock``."""
    ledger: tuple[LedgerEntry, ...] = ()
    """Every file that the package index handed out for the dependencies' layer, what isolated builds of
    source distributions asked for included: enough to build it again without any other index."""
    install_steps: tuple[str, ...] = ()
    """Shell commands run in the source layer, in ``/testbed``, without network."""
    rebuild_steps: tuple[str, ...] = ()
    """What grading repeats, offline, when a patch touches what was built."""
    test_command: tuple[str, ...]
    """Runner and fixed options; test files are appended."""
    cutoff: datetime
    """No artefact uploaded after this is installed."""
    env: Mapping[str, str] = Field(default_factory=dict)
    user: str = "root"
    limits: Limits = Limits()
    rung: str = "rules"
    evidence: tuple[Evidence, ...] = ()
    repo: str
    base_commit: str
    source_digest: str
    """sha256 of what ``/testbed`` is made from; ``shared_digest`` leaves it out."""

    @property
    def shared_digest(self) -> str:
        """Identity of the layers below the source: pull requests with the same one share them."""
        return self._part("language", "platform", "toolchain", "system_packages", "lock_files", "env")

    @property
    def image_digest(self) -> str:
        """Identity of the image: all that its layers are made from."""
        return self._part(
            "language",
            "platform",
            "toolchain",
            "system_packages",
            "lock_files",
            "env",
            "install_steps",
            "repo",
            "source_digest",
        )

    def _part(self, *names: str) -> str:
        stable = self.stable()
        return hashlib.sha256(canonical_json({name: stable[name] for name in names})).hexdigest()


class Layer(Record):
    """One layer of an image: its uncompressed content id and size."""

    diff_id: str
    bytes: int


class BuiltImage(Record):
    """An image that exists; the tag is made from the spec, the id from its bytes."""

    MEASURED = frozenset({"image_id", "layers", "seconds", "cached"})
    tag: str
    spec_digest: str
    image_id: str
    layers: tuple[Layer, ...] = ()
    seconds: float = 0.0
    cached: bool = False
    integrity: Mapping[str, Any] = Field(default_factory=dict)
    """The git-integrity report: commits, refs, remotes and unreachable objects found in the image."""


class RungAttempt(Record):
    """One try of the building ladder, in order."""

    MEASURED = frozenset({"seconds", "passed", "reused", "cost_usd"})
    rung: str
    """``rules``, ``repairs`` or ``model``: who proposed what this try did differently."""
    kind: str = ""
    """What sort of change that was, e.g. ``requirement``, ``interpreter``, ``exact date``."""
    change: str = ""
    """What this try did differently, e.g. ``add requirement pytest-mock``."""
    outcome: Literal["works", "resolve_failed", "build_failed", "tests_failed", "refused"]
    """``refused``: a proposal that was not tried, ``detail`` says why."""
    detail: str = ""
    seconds: float = 0.0
    passed: int = 0
    """Tests of the touched modules that passed."""
    reused: tuple[Literal["resolution", "image"], ...] = ()
    """What was there already, for the same digest, and so was not made again."""
    cost_usd: float = 0.0
    """Of asking the model."""


class Environment(Record):
    """The outcome of the build stage: the spec that works, its image and how it was reached."""

    MEASURED = frozenset({"seconds"})
    spec: EnvironmentSpec
    image: BuiltImage
    attempts: tuple[RungAttempt, ...] = ()
    seconds: Mapping[str, float] = Field(default_factory=dict)
    """``total``, and the parts of the try that it came from: ``system``, ``resolve``, ``dependencies``,
    ``image``, ``probe``; what is left of the total went into other tries."""

    @property
    def made_by(self) -> RungAttempt | None:
        """The try that this environment is the result of; ``None`` when no tries are recorded."""
        return winning(self.attempts)


def winning(attempts: Sequence[RungAttempt]) -> RungAttempt | None:
    """The first try of those that work with the most passing tests: a later one has to be better."""
    return max(
        (item for item in attempts if item.outcome == "works"), key=lambda item: item.passed, default=None
    )
